/* Where one thing is, and how strongly it shows: for each of $num_places maps m
 *
 *   share[k] = exp(t m[k]) / sum over j of exp(t m[j])
 *   place    = sum over k of share[k] * (x[k], y[k]),   strength = tanh(max(m) / 4)
 */
static void read_place(int map, float *features)
{
    const float *m = work.maps[map];
    float highest = m[0], hottest = temperature[map] * m[0];
    for (int k = 1; k < $map_height * $map_width; k++) {
        const float hot = temperature[map] * m[k];
        highest = m[k] > highest ? m[k] : highest;
        hottest = hot > hottest ? hot : hottest;
    }
    float sum = 0.0f, right = 0.0f, down = 0.0f;
    for (int row = 0; row < $map_height; row++) {
        for (int column = 0; column < $map_width; column++) {
            const float hot = temperature[map] * m[row * $map_width + column];
            const float share = lnn_exp(hot - hottest);
            sum += share;
            right += share * grid_right[column];
            down += share * grid_down[row];
        }
    }
    features[map] = right / sum;
    features[$num_places + map] = down / sum;
    features[2 * $num_places + map] = lnn_tanh(0.25f * highest);
}
