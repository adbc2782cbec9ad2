/* ---- Memory: none, what is seen now decides ------------------------------------------------- */
static void remember(const float *restrict features, float elapsed_time,
                     const lnn_state *restrict state, lnn_state *restrict next,
                     float *restrict steering)
{
    float row[NUM_FEATURES + 1], hidden[$num_hidden];
    *next = *state;
    tell_time(features, elapsed_time, row);
    see(row, hidden);
    read_out(hidden, steering);
}
