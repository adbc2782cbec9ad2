/* ---- Encoder: four convolutions, read out as places, strengths and sectors -------------------
 *
 * An image is never there as a whole. Each convolution keeps the last rows of its input in a ring,
 * and computes a row of its output when the next convolution asks for it. A row is kept as one
 * strip for each phase of the stride (even columns, odd columns), with a zero at both ends, so
 * that what a weight is multiplied with is contiguous.
 */
enum { NUM_SEEN = $num_seen, NUM_FEATURES = NUM_SEEN + LNN_NUM_IMU };

static struct {
    const uint8_t *image;
$rings
    float maps[$num_maps][$map_height * $map_width];
    int num_rows[4]; /* how many rows of each ring's picture were computed */
} work;

/* Row of the image, colours from 0 to 255 as -2 to 2. */
static void compute_image(int row)
{
    for (int column = 0; column < LNN_IMAGE_WIDTH; column++) {
        for (int colour = 0; colour < 3; colour++) {
            const int place = (row * LNN_IMAGE_WIDTH + column) * 3 + colour;
            const int twice = 2 * work.image[place] - 255;
            work.rows_1[row % $first_kernel][colour][column % 2][1 + column / 2] =
                $image;
        }
    }
}

$convolutions

$readers

/* Features of an image, each -1 to 1. */
static void encode(const uint8_t *image, float *features)
{
    work.image = image;
    for (int i = 0; i < 4; i++) {
        work.num_rows[i] = 0;
    }
    for (int row = 0; row < $map_height; row++) {
        compute_convolution_4(row);
    }
$reading
}
