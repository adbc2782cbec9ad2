/* ---- Memory: the last $num_frames frames, seen at once, oldest first -------------------------- */
static void remember(const float *restrict features, float elapsed_time,
                     const lnn_state *restrict state, lnn_state *restrict next,
                     float *restrict steering)
{
    static float frames[$num_frames][NUM_FEATURES + 1];
    float hidden[$num_hidden];
    for (int age = 0; age < $num_frames - 1; age++) {
        for (int i = 0; i < NUM_FEATURES + 1; i++) {
            frames[age][i] = state->frames[age][i];
        }
    }
    tell_time(features, elapsed_time, frames[$num_frames - 1]);
    see(&frames[0][0], hidden);
    for (int age = 0; age < $num_frames - 1; age++) {
        for (int i = 0; i < NUM_FEATURES + 1; i++) {
            next->frames[age][i] = frames[age + 1][i];
        }
    }
    read_out(hidden, steering);
}
