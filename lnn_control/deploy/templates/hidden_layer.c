/* hidden = $activation(W x + b) */
static void see(const float *restrict x, float *restrict hidden)
{
    for (int i = 0; i < $num_hidden; i++) {
        hidden[i] = hidden_bias[i];
    }
    add_product($num_sources, $num_hidden, &hidden_weight[0][0], x, hidden);
    for (int i = 0; i < $num_hidden; i++) {
        hidden[i] = $activated;
    }
}
