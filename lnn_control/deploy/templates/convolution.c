/* Convolution $number, one row: $outputs maps of $height x $width from $inputs of $input_height x $input_width.
 *
 *   sum[o][r][c] = sum over u, i, v of
 *                  w[o][i][u][v] * x[i][$stride r + u - $margin][$stride c + v - $margin]
 *   y[o][r][c]   = $formula
 */
static void compute_convolution_$number(int row)
{
    const int top = $stride * row - $margin;
    const int first = top < 0 ? -top : 0;
    const int end = top + $kernel > $input_height ? $input_height - top : $kernel;
    for (; work.num_rows[$before] < top + end; work.num_rows[$before]++) {
        $compute_input(work.num_rows[$before]);
    }
    for (int o = 0; o < $outputs; o++) {
        for (int start = 0; start < $width; start += $block) {
            $total sum[$block];
            for (int c = 0; c < $block; c++) {
                sum[c] = $initial;
            }
            for (int u = first; u < end; u++) {
                for (int i = 0; i < $inputs; i++) {
                    const $weight *restrict w = weight_$number[o][i][u];
$taps
                    for (int c = 0; c < $block; c++) {
                        sum[c] = sum[c] $terms;
                    }
                }
            }
            for (int c = 0; c < $block; c++) {
$store
            }
        }
    }
}
