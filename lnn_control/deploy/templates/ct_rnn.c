/* ---- Memory: leaky neurons with weighted sums (Funahashi and Nakamura 1993) -------------------
 *
 *   tau dh/dt = tanh(W_input x + W_neuron h + b) - h
 *
 * The elapsed time is gone in $num_unfolds equal parts dt, each an implicit Euler step:
 *
 *   h' = h + dt / (tau + dt) * (tanh(...) - h)
 */
static void remember(const float *restrict features, float elapsed_time,
                     const lnn_state *restrict state, lnn_state *restrict next,
                     float *restrict steering)
{
    const float dt = elapsed_time / $time_unit_float / $num_unfolds_float;
    float drive[$num_neurons];
    for (int i = 0; i < $num_neurons; i++) {
        drive[i] = bias[i];
        next->neurons[i] = state->neurons[i];
    }
    add_product(NUM_FEATURES, $num_neurons, &weight_input[0][0], features, drive);
    for (int part = 0; part < $num_unfolds; part++) {
        float sum[$num_neurons];
        for (int i = 0; i < $num_neurons; i++) {
            sum[i] = drive[i];
        }
        add_product($num_neurons, $num_neurons, &weight_neuron[0][0], next->neurons, sum);
        for (int i = 0; i < $num_neurons; i++) {
            const float h = next->neurons[i];
            const float share = dt / (time_constant[i] + dt);
            next->neurons[i] = h + share * (lnn_tanh(sum[i]) - h);
        }
    }
    read_out(next->neurons, steering);
}
