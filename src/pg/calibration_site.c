/*
 * calibration_site.c: what a calibration reads: the antennas of a site, the cells in which they were measured, the scene about them.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "calibration_fit.h"
#include "fit_measurements.h"
#include "map_grid.h"
#include "progress.h"
#include "rpm_measured_cells.h"
#include "rpm_settings.h"
#include "scene_source.h"
#include "spi_rows.h"
#include "status_report.h"

#define NODATA (-9999.0f)
#define FIRST_CELLS 4096

typedef struct CellReader
{
	rpm_measured_cells *cells;
	MemoryContextCallback release;
	rpm_status	status;
} CellReader;

static char *scene_of_site(int64 site);
static void read_cells(RpmCalibrationSite *site, const RpmMeasurementSource *source, const RpmCalibrationQuestion *question, int antenna,
					   rpm_control *control);
static rpm_cell_grid grid_about(const RpmAntenna *antenna, double cell_m, double radius_m);
static CellReader *new_reader(const rpm_cell_grid *grid);
static void add_row(void *argument, const RpmMeasurement *row);
static void release_reader(void *argument);
static void take_cells(RpmCalibrationSite *site, const RpmCalibrationQuestion *question, const rpm_cell_grid *grid, const float *levels,
					   int antenna);
static rpm_calibrate_cell *one_more(RpmCalibrationSite *site);
static double weight_of(const RpmCalibrationQuestion *question, int64 antenna_id, double x, double y, double cell_m);
static void place_in_scene(RpmCalibrationSite *site);
static char *fingerprint_of(const RpmCalibrationSite *site);

RpmCalibrationSite *
rpm_calibration_site_read(const char *scene, const RpmCalibrationQuestion *question, rpm_control *control)
{
	const RpmBox everywhere = {-HUGE_VAL, -HUGE_VAL, HUGE_VAL, HUGE_VAL};
	RpmCalibrationSite *site = palloc0(sizeof(RpmCalibrationSite));
	RpmMeasurementSource *source;
	RpmBox		reach = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
	int64	   *ids;
	int			count;

	site->row = rpm_scene_row_read(scene ? scene : scene_of_site(question->site));
	rpm_progress_begin(site->row->scene_id);
	source = rpm_measurement_source_get(site->row->name, NULL);
	ids = rpm_fit_antennas_of_sites(site->row, &question->site, 1, &count);
	site->antennas = rpm_antennas_read(site->row, &everywhere, ids, count, NULL);
	site->input.cell_m = isnan(question->cell_size_m) ? site->row->cell_size_m : question->cell_size_m;
	site->input.receiver_height_m = site->row->receiver_height_m;
	rpm_progress_phase(control, RPM_PHASE_READING, 0);
	for (int i = 0; i < site->antennas->count; i++)
	{
		const RpmAntenna *antenna = &site->antennas->antennas[i];

		rpm_progress_antennas(i, site->antennas->count);
		if (isnan(antenna->rs_power_dbm))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("antenna " INT64_FORMAT " has neither rs_power_dbm nor carrier_power_dbm", antenna->id),
					 errhint("Give one of them: measured levels are compared with the level that it sends.")));
		read_cells(site, source, question, i, control);
		reach.west = Min(reach.west, antenna->x - question->radius_m);
		reach.south = Min(reach.south, antenna->y - question->radius_m);
		reach.east = Max(reach.east, antenna->x + question->radius_m);
		reach.north = Max(reach.north, antenna->y + question->radius_m);
	}
	if (site->input.cell_count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("nothing was measured of the %d antennas of site " INT64_FORMAT " within %g m", site->antennas->count, question->site,
						question->radius_m),
				 errhint("Insert measurements, raise radius_m, or see rpm_measurement_problems().")));
	site->data_fingerprint = fingerprint_of(site);
	site->scene_fingerprint = rpm_source_fingerprint(rpm_source_open(site->row));
	site->scene = rpm_scene_get(site->row, &reach, control);
	place_in_scene(site);
	return site;
}

static char *
scene_of_site(int64 site)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(site);
	int64		antenna = 0;
	bool		found;
	RpmSceneRow *scene;

	rpm_own_table_check("antenna");
	rpm_spi_query("SELECT a.antenna_id FROM rpm.antenna AS a WHERE a.site_id OPERATOR(pg_catalog.=) $1 ORDER BY 1 LIMIT 1", 1, &type, &value,
				  NULL);
	found = SPI_processed > 0;
	if (found)
		antenna = rpm_column_int64(SPI_tuptable->vals[0], 1);
	SPI_finish();
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no antenna on site " INT64_FORMAT " in rpm.antenna", site),
				 errhint("Name a site that antennas stand on, or the scene whose antennas are in a relation of their own.")));
	scene = rpm_measurement_source_get(NULL, &antenna)->scene;
	if (scene->scene_id == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("site " INT64_FORMAT " lies in no scene", site),
				 errhint("Insert a row into rpm.scene whose extent holds it: a calibration needs buildings.")));
	return scene->name;
}

/* The cells as rpm_ground_truth makes them, of a square about the antenna. */
static void
read_cells(RpmCalibrationSite *site, const RpmMeasurementSource *source, const RpmCalibrationQuestion *question, int antenna,
		   rpm_control *control)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rpm_calibration_fit antenna", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	const RpmAntenna *given = &site->antennas->antennas[antenna];
	rpm_cell_grid grid = grid_about(given, site->input.cell_m, question->radius_m);
	size_t		count = (size_t) grid.columns * grid.rows;
	CellReader *reader = new_reader(&grid);
	float	   *bands = palloc_extended(3 * count * sizeof(float), MCXT_ALLOC_HUGE);

	rpm_measurements_read(source, given->id, &question->filter, control, add_row, reader);
	rpm_report_status_of(&reader->status, psprintf("antenna " INT64_FORMAT, given->id));
	site->unusable += rpm_measured_cells_counts(reader->cells).unusable;
	(void) rpm_measured_cells_write(reader->cells, NULL, NODATA, bands, bands + count, bands + 2 * count, &reader->status);
	rpm_report_status(&reader->status);
	MemoryContextSwitchTo(before);
	take_cells(site, question, &grid, bands, antenna);
	MemoryContextDelete(context);
}

static rpm_cell_grid
grid_about(const RpmAntenna *antenna, double cell_m, double radius_m)
{
	int			side = (int) Max(1, 2 * ceil(radius_m / cell_m));
	rpm_cell_grid grid = {rpm_tile_first_cell(antenna->x, cell_m, side) * cell_m,
	(rpm_tile_first_cell(antenna->y, cell_m, side) + side) * cell_m, cell_m, cell_m, side, side};

	return grid;
}

/* Its cells are the engine's memory: freed with the current context. */
static CellReader *
new_reader(const rpm_cell_grid *grid)
{
	CellReader *reader = palloc0(sizeof(CellReader));

	rpm_status_clear(&reader->status);
	reader->release.func = release_reader;
	reader->release.arg = reader;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &reader->release);
	reader->cells = rpm_measured_cells_create(grid, RPM_CELL_DB, rpm_memory_limit_bytes(), &reader->status);
	rpm_report_status(&reader->status);
	return reader;
}

static void
add_row(void *argument, const RpmMeasurement *row)
{
	CellReader *reader = argument;

	if (rpm_measured_cells_add(reader->cells, row->x, row->y, row->level_dbm, isnan(row->accuracy_m) ? 0 : row->accuracy_m, &reader->status)
		!= RPM_OK)
		rpm_report_status(&reader->status);
}

static void
release_reader(void *argument)
{
	CellReader *reader = argument;

	rpm_measured_cells_free(reader->cells);
}

/* In world coordinates until the scene is there. */
static void
take_cells(RpmCalibrationSite *site, const RpmCalibrationQuestion *question, const rpm_cell_grid *grid, const float *levels, int antenna)
{
	int64		id = site->antennas->antennas[antenna].id;

	for (int row = 0; row < grid->rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int column = 0; column < grid->columns; column++)
		{
			float		level = levels[(size_t) row * grid->columns + column];
			double		x = grid->west + (column + 0.5) * grid->cell_width_m,
						y = grid->north - (row + 0.5) * grid->cell_height_m;

			if (level != NODATA)
				*one_more(site) = (rpm_calibrate_cell) {x, y, antenna, level, weight_of(question, id, x, y, site->input.cell_m)};
		}
	}
}

static rpm_calibrate_cell *
one_more(RpmCalibrationSite *site)
{
	rpm_calibrate_cell *cells = unconstify(rpm_calibrate_cell *, site->input.cells);

	if (site->input.cell_count == site->cell_room)
	{
		size_t		room = site->cell_room ? 2 * site->cell_room : FIRST_CELLS;

		if (room * sizeof(rpm_calibrate_cell) > rpm_memory_limit_bytes())
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("more than %zu measured cells need more memory than the %zu MB that rpm_pg.max_memory allows", site->cell_room,
							rpm_memory_limit_bytes() / 1048576),
					 errhint("Take larger cells or a smaller radius_m, or raise rpm_pg.max_memory.")));
		cells = cells ? repalloc_huge(cells, room * sizeof(rpm_calibrate_cell))
			: MemoryContextAllocHuge(CurrentMemoryContext, room * sizeof(rpm_calibrate_cell));
		site->input.cells = cells;
		site->cell_room = room;
	}
	return &cells[site->input.cell_count++];
}

/* 1: fitted, 0: held out, antenna by antenna. */
static double
weight_of(const RpmCalibrationQuestion *question, int64 antenna_id, double x, double y, double cell_m)
{
	double		number = 0,
				edge_m = question->split == RPM_SPLIT_PIXEL ? cell_m : 100;
	rpm_status	status;

	if (!question->holds_out)
		return 1;
	rpm_status_clear(&status);
	(void) rpm_split_at(question->seed, question->split, &antenna_id, x, y, edge_m, &number, &status);
	rpm_report_status(&status);
	return number < question->share ? 1 : 0;
}

static void
place_in_scene(RpmCalibrationSite *site)
{
	RpmMaterials *materials = rpm_materials_read(site->scene->material_count, site->scene->material_names, site->scene->material_users);
	int			count = site->antennas->count;
	rpm_calibrate_cell *cells = unconstify(rpm_calibrate_cell *, site->input.cells);

	site->engine_antennas = palloc0(count * sizeof(rpm_calibrate_antenna));
	for (int i = 0; i < count; i++)
	{
		const RpmAntenna *antenna = &site->antennas->antennas[i];
		rpm_calibrate_antenna *engine = &site->engine_antennas[i];

		engine->antenna = rpm_antenna_place(antenna, site->scene->scene);
		engine->rs_power_dbm = antenna->rs_power_dbm;
		engine->losses_db = antenna->losses_db;
		engine->materials = rpm_materials_at(materials, engine->antenna.frequency_hz);
	}
	rpm_materials_notice(materials);
	rpm_scene_notice_problems(site->scene, site->row->name);
	for (size_t i = 0; i < site->input.cell_count; i++)
	{
		cells[i].x_m -= site->scene->scene->origin[0];
		cells[i].y_m -= site->scene->scene->origin[1];
	}
	site->input.scene = site->scene->scene;
	site->input.query = site->scene->query;
	site->input.antennas = site->engine_antennas;
	site->input.antenna_count = count;
}

/* 128 bits over antennas and cells, 32 digits. */
static char *
fingerprint_of(const RpmCalibrationSite *site)
{
	uint64		hash[2] = {1, 2};

	for (size_t i = 0; i < site->input.cell_count; i++)
	{
		const rpm_calibrate_cell *cell = &site->input.cells[i];
		const double values[4] = {cell->x_m, cell->y_m, cell->level_dbm, (double) site->antennas->antennas[cell->antenna].id};

		for (int k = 0; k < 2; k++)
			hash[k] = hash_bytes_extended((const unsigned char *) values, sizeof values, hash[k]);
	}
	return psprintf("%016llx%016llx", (unsigned long long) hash[0], (unsigned long long) hash[1]);
}
