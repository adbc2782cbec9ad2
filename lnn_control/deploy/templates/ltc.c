/* ---- Memory: liquid time-constant neurons (Hasani et al. 2021) --------------------------------
 *
 * Membranes with a leak g (V - v) and a chemical synapse from each source j of a neuron i:
 *
 *   C dv/dt     = current - conductance * v
 *   open        = sigmoid(slope[i,j] * x[j] - threshold[i,j])
 *   current     = g V + sum over j of current[i,j] * open
 *   conductance = g   + sum over j of conductance[i,j] * open
 *
 * The wiring stands in lnn_weights.h: for each neuron the sources of its synapses.
 */
static void open_synapses(const float *restrict x, const $index_type *restrict source,
                          const uint16_t *restrict first, const float (*restrict synapse)[4],
                          float *restrict current, float *restrict conductance)
{
    for (int i = 0; i < $num_neurons; i++) {
        for (int s = first[i]; s < first[i + 1]; s++) {
            const float open = lnn_sigmoid(synapse[s][0] * x[source[s]] - synapse[s][1]);
            current[i] += synapse[s][2] * open;
            conductance[i] += synapse[s][3] * open;
        }
    }
}

/* The elapsed time is gone in $num_unfolds equal parts dt, each an implicit Euler step with the openings
 * of its beginning:
 *
 *   v' = v + dt / (C + dt * conductance) * (current - conductance * v)
 */
static void remember(const float *restrict features, float elapsed_time,
                     const lnn_state *restrict state, lnn_state *restrict next,
                     float *restrict steering)
{
    const float dt = elapsed_time / $time_unit_float / $num_unfolds_float;
    float x[NUM_FEATURES];
    float rest_current[$num_neurons], rest_conductance[$num_neurons];
    for (int i = 0; i < NUM_FEATURES; i++) {
        x[i] = features[i] * input_scale[i] + input_shift[i];
    }
    for (int i = 0; i < $num_neurons; i++) {
        rest_current[i] = leak_current[i];
        rest_conductance[i] = leak[i];
        next->neurons[i] = state->neurons[i];
    }
    /* The inputs stay the same over all parts. */
    open_synapses(x, source_input, source_input_first, synapse_input, rest_current,
                  rest_conductance);
    for (int part = 0; part < $num_unfolds; part++) {
        float current[$num_neurons], conductance[$num_neurons];
        for (int i = 0; i < $num_neurons; i++) {
            current[i] = rest_current[i];
            conductance[i] = rest_conductance[i];
        }
        open_synapses(next->neurons, source_neuron, source_neuron_first, synapse_neuron, current,
                      conductance);
        for (int i = 0; i < $num_neurons; i++) {
            const float v = next->neurons[i];
            const float gain = dt / (capacitance[i] + dt * conductance[i]);
            next->neurons[i] = v + gain * (current[i] - conductance[i] * v);
        }
    }
    for (int i = 0; i < LNN_NUM_COMMANDS; i++) {
        steering[i] = next->neurons[i] * output_scale[i] + output_shift[i];
    }
}
