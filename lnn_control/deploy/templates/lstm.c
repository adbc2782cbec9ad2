/* ---- Memory: long short-term memory (Hochreiter and Schmidhuber 1997) -------------------------
 *
 *   write, keep, candidate, read = b + W_input row + W_hidden hidden
 *   cell'   = sigmoid(keep) * cell + sigmoid(write) * tanh(candidate)
 *   hidden' = sigmoid(read) * tanh(cell')
 */
static void remember(const float *restrict features, float elapsed_time,
                     const lnn_state *restrict state, lnn_state *restrict next,
                     float *restrict steering)
{
    float row[NUM_FEATURES + 1], sum[4][$num_neurons];
    tell_time(features, elapsed_time, row);
    for (int gate = 0; gate < 4; gate++) {
        for (int i = 0; i < $num_neurons; i++) {
            sum[gate][i] = gate_bias[gate][i];
        }
    }
    add_product(NUM_FEATURES + 1, 4 * $num_neurons, &weight_input[0][0], row, &sum[0][0]);
    add_product($num_neurons, 4 * $num_neurons, &weight_hidden[0][0], state->hidden, &sum[0][0]);
    for (int i = 0; i < $num_neurons; i++) {
        const float kept = lnn_sigmoid(sum[1][i]) * state->cell[i];
        next->cell[i] = kept + lnn_sigmoid(sum[0][i]) * lnn_tanh(sum[2][i]);
        next->hidden[i] = lnn_sigmoid(sum[3][i]) * lnn_tanh(next->cell[i]);
    }
    read_out(next->hidden, steering);
}
