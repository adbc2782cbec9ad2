/* sum[i] += sum over j of weight[j][i] * x[j], first source first. */
static void add_product(int num_sources, int num_sums, const float *restrict weight,
                        const float *restrict x, float *restrict sum)
{
    for (int j = 0; j < num_sources; j++) {
        for (int i = 0; i < num_sums; i++) {
            sum[i] += weight[j * num_sums + i] * x[j];
        }
    }
}
