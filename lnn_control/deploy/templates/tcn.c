/* ---- Memory: dilated causal convolutions with skips (Bai et al. 2018) --------------------------
 *
 *   signal = W row + b, then for each layer
 *   signal = signal + relu(b + sum over tap of W[tap] past signal[tap]),
 *
 * where tap 0 looks back furthest and the last tap is now. Each layer keeps the signals that it
 * will look at again, oldest first.
 */
static void look_back(int reach, int dilation, const float *restrict bias,
                      const float *restrict weight, const float (*restrict past)[$num_channels],
                      float (*restrict kept)[$num_channels], float *restrict signal)
{
    float sum[$num_channels];
    for (int i = 0; i < $num_channels; i++) {
        sum[i] = bias[i];
    }
    for (int tap = 0; tap < $kernel_size; tap++) {
        const float *seen = tap < $kernel_size - 1 ? past[tap * dilation] : signal;
        add_product($num_channels, $num_channels, weight + tap * $num_channels * $num_channels,
                    seen, sum);
    }
    for (int age = 0; age < reach; age++) {
        for (int i = 0; i < $num_channels; i++) {
            kept[age][i] = age + 1 < reach ? past[age + 1][i] : signal[i];
        }
    }
    for (int i = 0; i < $num_channels; i++) {
        signal[i] += sum[i] > 0.0f ? sum[i] : 0.0f;
    }
}

static void remember(const float *restrict features, float elapsed_time,
                     const lnn_state *restrict state, lnn_state *restrict next,
                     float *restrict steering)
{
    float row[NUM_FEATURES + 1], signal[$num_channels];
    tell_time(features, elapsed_time, row);
    for (int i = 0; i < $num_channels; i++) {
        signal[i] = entry_bias[i];
    }
    add_product(NUM_FEATURES + 1, $num_channels, &entry_weight[0][0], row, signal);
$layers
    read_out(signal, steering);
}
