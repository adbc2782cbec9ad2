/* ---- Memory: gated recurrent units (Cho et al. 2014) ------------------------------------------
 *
 *   reset, keep, candidate = b_input + W_input row      (three sums "seen")
 *   reset, keep, candidate = b_hidden + W_hidden hidden (three sums "known")
 *   new     = tanh(seen candidate + sigmoid(reset) * known candidate)
 *   hidden' = new + sigmoid(keep) * (hidden - new),   reset and keep both of seen + known
 */
static void remember(const float *restrict features, float elapsed_time,
                     const lnn_state *restrict state, lnn_state *restrict next,
                     float *restrict steering)
{
    float row[NUM_FEATURES + 1], seen[3][$num_neurons], known[3][$num_neurons];
    tell_time(features, elapsed_time, row);
    for (int gate = 0; gate < 3; gate++) {
        for (int i = 0; i < $num_neurons; i++) {
            seen[gate][i] = bias_input[gate][i];
            known[gate][i] = bias_hidden[gate][i];
        }
    }
    add_product(NUM_FEATURES + 1, 3 * $num_neurons, &weight_input[0][0], row, &seen[0][0]);
    add_product($num_neurons, 3 * $num_neurons, &weight_hidden[0][0], state->hidden, &known[0][0]);
    for (int i = 0; i < $num_neurons; i++) {
        const float reset = lnn_sigmoid(seen[0][i] + known[0][i]);
        const float keep = lnn_sigmoid(seen[1][i] + known[1][i]);
        const float fresh = lnn_tanh(seen[2][i] + reset * known[2][i]);
        next->hidden[i] = fresh + keep * (state->hidden[i] - fresh);
    }
    read_out(next->hidden, steering);
}
