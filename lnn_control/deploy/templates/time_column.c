/* What the memory is told: the features, and last log((1 + elapsed time / $typical_elapsed_time s) / 2). */
static void tell_time(const float *restrict features, float elapsed_time, float *restrict row)
{
    for (int i = 0; i < NUM_FEATURES; i++) {
        row[i] = features[i];
    }
    row[NUM_FEATURES] = lnn_log1p(elapsed_time / $typical) - $log_two;
}
