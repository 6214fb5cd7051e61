/*
 * munich_grid.h: the cells of the reference maps of Munich, in EPSG:32632.
 */
#ifndef RPM_TEST_MUNICH_GRID_H
#define RPM_TEST_MUNICH_GRID_H

#define COLUMNS 296
#define ROWS 242
#define CELLS (COLUMNS * ROWS)
#define WEST 690888.14955
#define NORTH 5335242.21725
#define CELL_M 5.0

#endif
