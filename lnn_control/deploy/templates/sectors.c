/* What stands in which direction: the strongest response in each of $num_sectors sectors from left
 * to right, tanh(max / 4), for each of $num_scans maps.
 */
static void read_sectors(int scan, float *features)
{
    const float *m = work.maps[$num_places + scan];
    for (int sector = 0; sector < $num_sectors; sector++) {
        const int first = sector * $map_width / $num_sectors;
        const int end = ((sector + 1) * $map_width + $num_sectors - 1) / $num_sectors;
        float highest = m[first];
        for (int row = 0; row < $map_height; row++) {
            for (int column = first; column < end; column++) {
                const float here = m[row * $map_width + column];
                highest = here > highest ? here : highest;
            }
        }
        features[3 * $num_places + $num_sectors * scan + sector] = lnn_tanh(0.25f * highest);
    }
}
