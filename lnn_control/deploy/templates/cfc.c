/* ---- Memory: closed-form continuous-time neurons (Hasani et al. 2022) -------------------------
 *
 * With x the sources of a neuron, its own state among them, and t the elapsed time in units of
 * $time_unit s:
 *
 *   early, late, slope, offset = bias + sum over its synapses of weight * x[source]
 *   gate   = sigmoid(slope * t + offset)
 *   neuron = tanh(early) + gate * (tanh(late) - tanh(early))
 *
 * Signals travel through $layer_names within a step. The wiring stands in lnn_weights.h: for each
 * neuron the sources of its synapses.
 */
static float respond(const float *restrict x, int num_synapses, const $index_type *restrict source,
                     const float (*restrict weight)[4], const float *restrict bias, float time)
{
    float sum[4] = {bias[0], bias[1], bias[2], bias[3]};
    for (int s = 0; s < num_synapses; s++) {
        const float now = x[source[s]];
        for (int head = 0; head < 4; head++) {
            sum[head] += weight[s][head] * now;
        }
    }
    const float early = lnn_tanh(sum[0]), late = lnn_tanh(sum[1]);
    const float gate = lnn_sigmoid(sum[2] * time + sum[3]);
    return early + gate * (late - early);
}

static void copy(int count, const float *restrict from, float *restrict to)
{
    for (int i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

$layers

static void remember(const float *restrict features, float elapsed_time,
                     const lnn_state *restrict state, lnn_state *restrict next,
                     float *restrict steering)
{
    const float time = elapsed_time / $time_unit_float;
$updates
$steer
}
