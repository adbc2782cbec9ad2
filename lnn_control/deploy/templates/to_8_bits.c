/* Round to 0 ... 255. */
static uint8_t to_8_bits(float x)
{
    x = x > 0.0f ? x : 0.0f;
    x = x < 255.0f ? x : 255.0f;
    return (uint8_t)(x + 0.5f);
}
