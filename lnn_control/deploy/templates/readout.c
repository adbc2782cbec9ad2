/* steering = tanh(W hidden + b) */
static void read_out(const float *restrict hidden, float *restrict steering)
{
    for (int i = 0; i < LNN_NUM_COMMANDS; i++) {
        steering[i] = readout_bias[i];
    }
    add_product($num_hidden, LNN_NUM_COMMANDS, &readout_weight[0][0], hidden, steering);
    for (int i = 0; i < LNN_NUM_COMMANDS; i++) {
        steering[i] = lnn_tanh(steering[i]);
    }
}
