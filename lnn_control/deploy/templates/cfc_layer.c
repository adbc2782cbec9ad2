/* $count $name neurons, $start to $last: they listen to $sources, and from x[$num_signals] on to
 * themselves.
 */
static void update_$name(const float *restrict signals, const float *restrict before, float time,
                   float *restrict after)
{
    float x[$num_signals + $count];
    copy($num_signals, signals, x);
    copy($count, before, x + $num_signals);
    for (int i = 0; i < $count; i++) {
        const int first = source_${name}_first[i];
        after[i] = respond(x, source_${name}_first[i + 1] - first, source_$name + first,
                           weight_$name + first, bias_$name[i], time);
    }
}
