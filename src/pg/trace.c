/*
 * trace.c: rpm_trace: radio maps of a scene's antennas as rasters.
 *
 * Antenna by antenna, or several at a time on each CUDA device: so many maps are in memory at a time, and their tiles go to a tuplestore,
 * which spills to disk.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "device.h"
#include "device_settings.h"
#include "progress.h"
#include "raster_write.h"
#include "read_antenna.h"
#include "rpm_pattern.h"
#include "rpm_settings.h"
#include "scene_cache.h"
#include "scene_report.h"
#include "status_report.h"
#include "trace_arguments.h"
#include "worker.h"

#define NODATA (-9999.0)
/* What a map at work takes of this machine's memory, about: its own arrays, sums of batches, chains of mirrors. */
#define BYTES_PER_CELL 120

/* The maps that are traced at once, spread over the devices. */
typedef struct MapCall
{
	int			count;
	rpm_device_scene *uploaded[RPM_DEVICES_MAX];
	rpm_device_task tasks[RPM_DEVICE_TASKS_MAX];
	rpm_antenna antennas[RPM_DEVICE_TASKS_MAX];
	rpm_map		maps[RPM_DEVICE_TASKS_MAX];
	rpm_grid	grid;
	rpm_trace_options options;
	rpm_status	too_small;		/* why a device's memory did not do; else RPM_OK */
} MapCall;

typedef struct TraceWork
{
	RpmSceneRow *row;
	RpmTraceRequest request;
	RpmScene   *scene;
	RpmAntennaList *antennas;
	RpmMaterials *materials;
	rpm_control control;
	RpmDevices	devices;
	MapCall		call;
	int			missed;			/* antennas whose target error was not reached */
	double		worst_error_db;
	ReturnSetInfo *result;
} TraceWork;

PG_FUNCTION_INFO_V1(rpm_sql_trace);

static void prepare(TraceWork *work, FunctionCallInfo fcinfo);
static void check_not_empty(const TraceWork *work);
static void check_power(const TraceWork *work);
static void bring_to_devices(TraceWork *work);
static bool bring_to(TraceWork *work, rpm_status *why);
static int	maps_at_once(const TraceWork *work);
static void take_map_memory(TraceWork *work);
static void trace_antennas(TraceWork *work, int first, int count);
static void go_on_with_cpu(TraceWork *work);
static void prepare_map(TraceWork *work, int number, const RpmAntenna *antenna);
static rpm_code trace_maps(void *argument, rpm_control *control, rpm_status *status);
static void note_missed(TraceWork *work, const rpm_map *map);
static void write_tiles(TraceWork *work, const RpmAntenna *antenna, const rpm_map *map);
static void write_tile(TraceWork *work, const RpmAntenna *antenna, const rpm_map *map, int first_column, int first_row, int columns,
					   int rows);
static void fill_level(const TraceWork *work, const RpmAntenna *antenna, const rpm_map *map, int first_column, int first_row,
					   int columns, int rows, float *level, float *error);
static void notice_missed(const TraceWork *work);

Datum
rpm_sql_trace(PG_FUNCTION_ARGS)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rpm_trace", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before;
	TraceWork  *work;

	InitMaterializedSRF(fcinfo, 0);
	before = MemoryContextSwitchTo(context);
	work = palloc0(sizeof(TraceWork));
	work->result = (ReturnSetInfo *) fcinfo->resultinfo;
	prepare(work, fcinfo);
	for (int i = 0, count; i < work->antennas->count; i += count)
	{
		count = Min(maps_at_once(work), work->antennas->count - i);
		rpm_progress_antennas(i, work->antennas->count);
		trace_antennas(work, i, count);
	}
	rpm_devices_give_back(&work->devices);
	notice_missed(work);
	rpm_progress_end();
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/* Everything that is checked is checked before the first antenna is traced, the cheap things before the scene is built. */
static void
prepare(TraceWork *work, FunctionCallInfo fcinfo)
{
	RpmBox		reach;

	work->row = rpm_scene_row_read(rpm_scene_argument(fcinfo, 0));
	rpm_trace_request_read(fcinfo, work->row, &work->request);
	rpm_control_from_settings(&work->control);
	rpm_progress_begin(work->row->scene_id);
	if (work->request.has_grid)
		reach = rpm_grid_box(&work->request.grid);
	work->scene = rpm_scene_get(work->row, work->request.has_grid ? &reach : NULL, &work->control);
	check_not_empty(work);
	if (!work->request.has_grid)
		work->request.grid = rpm_grid_of_box(&work->scene->box, work->request.cell_size_m,
											 rpm_map_bytes_per_cell(work->request.standard_error));
	work->antennas = rpm_antennas_read(work->row, &work->scene->box, work->request.antenna_ids, work->request.antenna_count, NULL);
	if (work->request.quantity == RPM_RSRP_DBM)
		check_power(work);
	work->materials = rpm_materials_read(work->scene->material_count, work->scene->material_names, work->scene->material_users);
	for (int i = 0; i < work->antennas->count; i++)
		pfree(rpm_materials_at(work->materials, work->antennas->antennas[i].antenna.frequency_hz));
	rpm_materials_notice(work->materials);
	rpm_scene_notice_problems(work->scene, work->row->name);
	bring_to_devices(work);
	take_map_memory(work);
}

/* The scene to the devices that the settings name; to the CPU where their memory is too small. */
static void
bring_to_devices(TraceWork *work)
{
	rpm_status	why;

	rpm_devices_take(work->antennas->count, &work->devices);
	rpm_status_clear(&why);
	if (bring_to(work, &why))
		return;
	if (rpm_setting_device == RPM_CHOOSE_CUDA)
		rpm_report_status(&why);
	rpm_devices_take_cpu_instead(&why, &work->devices);
	bring_to(work, &why);
}

static bool
bring_to(TraceWork *work, rpm_status *why)
{
	for (int i = 0; i < work->devices.count; i++)
	{
		work->call.uploaded[i] = rpm_scene_on(work->scene, work->devices.devices[i], &work->control, why);
		if (work->call.uploaded[i] == NULL)
			return false;
	}
	return true;
}

static void
check_not_empty(const TraceWork *work)
{
	if (work->scene->scene->building_count > 0)
		return;
	if (!work->request.has_grid || !work->row->has_extent)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("scene \"%s\" is empty: no building and no extent", work->row->name),
				 errhint("Insert buildings into the relation that the scene names, or set rpm.scene.extent to trace over bare ground.")));
	ereport(NOTICE,
			(errmsg("scene \"%s\" has no buildings inside its extent", work->row->name),
			 errhint("The map is that of bare ground.")));
}

static void
check_power(const TraceWork *work)
{
	for (int i = 0; i < work->antennas->count; i++)
		if (isnan(work->antennas->antennas[i].rs_power_dbm))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("antenna " INT64_FORMAT " has neither rs_power_dbm nor carrier_power_dbm",
							work->antennas->antennas[i].id),
					 errhint("Give one of them, or ask for quantity => 'path_gain_db'.")));
}

/* The CPU does one after another; a CUDA device as many as the settings allow it, within the memory that they allow this machine. */
static int
maps_at_once(const TraceWork *work)
{
	Size		cells = (Size) work->call.grid.columns * work->call.grid.rows,
				limit = work->control.memory_limit_bytes;
	int			count = work->devices.count;

	if (rpm_device_kind_of(work->devices.devices[0]) == RPM_DEVICE_CPU)
		return count;
	count = Min(count * rpm_setting_device_maps, RPM_DEVICE_TASKS_MAX);
	while (limit > 0 && count > work->devices.count && count * cells > limit / BYTES_PER_CELL)
		count = Max(count / 2, work->devices.count);
	return count;
}

static void
take_map_memory(TraceWork *work)
{
	MapCall    *call = &work->call;
	Size		bytes;

	call->options = work->request.options;
	call->grid = rpm_grid_local(&work->request.grid, work->scene->scene, work->request.receiver_height_m);
	bytes = (Size) call->grid.columns * call->grid.rows * sizeof(double);
	for (int i = 0; i < Min(maps_at_once(work), work->antennas->count); i++)
	{
		call->maps[i].path_gain = palloc_extended(bytes, MCXT_ALLOC_HUGE);
		if (work->request.standard_error)
			call->maps[i].standard_error = palloc_extended(bytes, MCXT_ALLOC_HUGE);
	}
}

/* As many antennas as are traced at once, or fewer. */
static void
trace_antennas(TraceWork *work, int first, int count)
{
	const RpmAntenna *antennas = &work->antennas->antennas[first];
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rpm_trace antenna", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);

	for (int i = 0; i < count; i++)
		prepare_map(work, i, &antennas[i]);
	work->call.count = count;
	rpm_progress_phase(&work->control, RPM_PHASE_TRACING, 0);
	rpm_run_engine(trace_maps, &work->call, &work->control,
				   count == 1 ? psprintf("antenna " INT64_FORMAT, antennas[0].id)
				   : psprintf("one of antennas " INT64_FORMAT " to " INT64_FORMAT, antennas[0].id, antennas[count - 1].id));
	for (int i = 0; i < count && work->call.too_small.code == RPM_OK; i++)
	{
		note_missed(work, &work->call.maps[i]);
		write_tiles(work, &antennas[i], &work->call.maps[i]);
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	if (work->call.too_small.code == RPM_OK)
		return;
	go_on_with_cpu(work);
	for (int i = 0; i < count; i++)
		trace_antennas(work, first + i, 1);
}

/* Where the settings leave the choice and a map does not fit into a device's memory. */
static void
go_on_with_cpu(TraceWork *work)
{
	rpm_status	why = work->call.too_small;

	rpm_devices_take_cpu_instead(&why, &work->devices);
	rpm_status_clear(&work->call.too_small);
	bring_to(work, &why);
}

static void
prepare_map(TraceWork *work, int number, const RpmAntenna *antenna)
{
	MapCall    *call = &work->call;
	rpm_device_task *task = &call->tasks[number];

	task->uploaded = call->uploaded[number % work->devices.count];
	task->scene = rpm_scene_at(work->scene, rpm_materials_at(work->materials, antenna->antenna.frequency_hz));
	call->antennas[number] = rpm_antenna_place(antenna, task->scene);
	if (rpm_quantity_is_isotropic(work->request.quantity))
		call->antennas[number].pattern = rpm_pattern_default(RPM_PATTERN_ISOTROPIC);
	task->antenna = &call->antennas[number];
	task->grid = &call->grid;
	task->options = &call->options;
	task->map = &call->maps[number];
}

static rpm_code
trace_maps(void *argument, rpm_control *control, rpm_status *status)
{
	MapCall    *call = argument;
	rpm_code	code = rpm_device_trace_all(call->tasks, call->count, control, status);

	if ((code == RPM_LIMIT_EXCEEDED || code == RPM_OUT_OF_MEMORY) && rpm_setting_device == RPM_CHOOSE_AUTO
		&& rpm_device_kind_of(rpm_device_of(call->uploaded[0])) == RPM_DEVICE_CUDA)
	{
		call->too_small = *status;
		rpm_status_clear(status);
		return RPM_OK;
	}
	return code;
}

static void
note_missed(TraceWork *work, const rpm_map *map)
{
	double		target_db = work->call.options.target_error_db;

	if (!(target_db > 0 && map->reached_error_db > target_db))
		return;
	work->missed++;
	work->worst_error_db = Max(work->worst_error_db, map->reached_error_db);
}

static void
write_tiles(TraceWork *work, const RpmAntenna *antenna, const rpm_map *map)
{
	const rpm_grid *grid = &work->call.grid;
	int			across = (grid->columns + RPM_TILE_CELLS - 1) / RPM_TILE_CELLS,
				down = (grid->rows + RPM_TILE_CELLS - 1) / RPM_TILE_CELLS;

	rpm_progress_phase(&work->control, RPM_PHASE_WRITING, (int64) across * down);
	for (int row = 0; row < grid->rows; row += RPM_TILE_CELLS)
		for (int column = 0; column < grid->columns; column += RPM_TILE_CELLS)
		{
			CHECK_FOR_INTERRUPTS();
			write_tile(work, antenna, map, column, row, Min(RPM_TILE_CELLS, grid->columns - column),
					   Min(RPM_TILE_CELLS, grid->rows - row));
			rpm_phase_add(&work->control, 1);
			rpm_progress_copy(&work->control);
		}
}

static void
write_tile(TraceWork *work, const RpmAntenna *antenna, const rpm_map *map, int first_column, int first_row, int columns, int rows)
{
	const RpmMapGrid *grid = &work->request.grid;
	bool		error = work->request.standard_error;
	RpmRasterGrid tile;
	RpmRasterDraft *draft;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	tile.columns = columns;
	tile.rows = rows;
	tile.scale_x = grid->cell_width_m;
	tile.scale_y = -grid->cell_height_m;
	tile.upper_left_x = grid->west + first_column * grid->cell_width_m;
	tile.upper_left_y = grid->north - first_row * grid->cell_height_m;
	tile.srid = work->row->srid;
	draft = rpm_raster_begin(&tile, RPM_PIXEL_FLOAT32, NODATA, error ? 2 : 1);
	fill_level(work, antenna, map, first_column, first_row, columns, rows, draft->bands[0], error ? draft->bands[1] : NULL);
	values[0] = Int64GetDatum(antenna->id);
	values[1] = rpm_raster_finish(draft);
	tuplestore_putvalues(work->result->setResult, work->result->setDesc, values, nulls);
	pfree(DatumGetPointer(values[1]));
}

static void
fill_level(const TraceWork *work, const RpmAntenna *antenna, const rpm_map *map, int first_column, int first_row, int columns, int rows,
		   float *level, float *error)
{
	double		rs_power_dbm = antenna->rs_power_dbm,
				losses_db = antenna->losses_db;

	for (int row = 0; row < rows; row++)
	{
		size_t		from = (size_t) (first_row + row) * work->call.grid.columns + first_column,
					to = (size_t) row * columns;

		for (int column = 0; column < columns; column++)
		{
			double		value = rpm_level(work->request.quantity, map->path_gain[from + column], rs_power_dbm, losses_db);

			level[to + column] = isnan(value) ? NODATA : value;
			if (error == NULL)
				continue;
			value = rpm_standard_error_db(map->path_gain[from + column], map->standard_error[from + column]);
			error[to + column] = isnan(value) ? NODATA : value;
		}
	}
}

static void
notice_missed(const TraceWork *work)
{
	if (work->missed > 0)
		ereport(NOTICE,
				(errmsg("target_error_db %g was not reached for %d of %d antennas, at worst %.2f dB",
						work->request.options.target_error_db, work->missed, work->antennas->count, work->worst_error_db),
				 errhint("Allow more samples than " INT64_FORMAT ".", (int64) work->request.options.samples)));
}
