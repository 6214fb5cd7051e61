/*
 * model_cache.c: networks kept by the session (model_cache.h).
 *
 * A row's state is known by its key and xmin and ctid, which every update changes.  A network that the setting leaves no room for lives as
 * long as the memory context of its call.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "model_bytes.h"
#include "model_cache.h"
#include "relation.h"
#include "rpm_settings.h"
#include "spi_rows.h"
#include "varlena.h"
#include "worker.h"

#define MOST_KEPT 16
#define STATE_LENGTH 64

typedef struct KeptNetwork
{
	char		state[STATE_LENGTH];	/* of the row; empty: nothing is kept here */
	rpm_learn_network *network;
	uint64		used;			/* when, by a count of calls */
} KeptNetwork;

typedef struct OpenCall
{
	char	   *declaration;
	bytea	   *weights;
	rpm_learn_scaling scaling;
	rpm_learn_network *network;
} OpenCall;

static KeptNetwork kept[MOST_KEPT];
static uint64 calls;

static RpmModel *read_row(const char *name, char *state, rpm_learn_scaling *scaling);
static void say_what_is_missing(const char *name);
static void read_scaling(HeapTuple row, const char *name, RpmModel *model, rpm_learn_scaling *scaling);
static void read_numbers(HeapTuple row, int column, int count, double *values);
static rpm_learn_network *open_network(const char *name, const RpmModel *model, const rpm_learn_scaling *scaling);
static rpm_code open_call(void *argument, rpm_control *control, rpm_status *status);
static bool keep(const char *state, rpm_learn_network *network);
static void drop_oldest(void);
static size_t kept_limit(void);
static size_t kept_bytes(void);
static void free_with_context(rpm_learn_network *network);
static void free_network(void *network);

RpmModel *
rpm_model_get(const char *name)
{
	char		state[STATE_LENGTH];
	rpm_learn_scaling scaling = {0};
	RpmModel   *model = read_row(name, state, &scaling);
	rpm_learn_network *network;

	calls++;
	while (kept_bytes() > kept_limit())
		drop_oldest();
	for (int i = 0; i < MOST_KEPT; i++)
		if (strcmp(kept[i].state, state) == 0)
		{
			kept[i].used = calls;
			model->network = kept[i].network;
			return model;
		}
	network = open_network(name, model, &scaling);
	model->network = network;
	if (!keep(state, network))
		free_with_context(network);
	return model;
}

int
rpm_model_version_named(void)
{
	return rpm_setting_model[0] != '\0' ? rpm_setting_model_version : 0;
}

static RpmModel *
read_row(const char *name, char *state, rpm_learn_scaling *scaling)
{
	static const char *const query = "SELECT m.model_id, %s, m.channels, m.channel_shift, m.channel_scale,"
		" m.target_shift_dbm, m.target_scale_db, coalesce(m.deviation_factor, 1), m.cell_size_m, m.size_cells,"
		" pg_catalog.jsonb_extract_path_text(m.training, 'features') FROM %s";
	/* Not by rpm.model_row, whose row would be copied with its weights. */
	static const char *const own = "rpm.model AS m WHERE m.name OPERATOR(pg_catalog.=) $1 AND CASE WHEN $2 OPERATOR(pg_catalog.>) 0"
		" THEN m.version OPERATOR(pg_catalog.=) $2 AND m.state OPERATOR(pg_catalog.=) 'ready' ELSE m.current END";
	static const char *const shipped = "rpm.default_model AS m";
	Oid			types[2] = {TEXTOID, INT4OID};
	Datum		values[2] = {CStringGetTextDatum(name), Int32GetDatum(rpm_model_version_named())};
	MemoryContext context = CurrentMemoryContext;
	RpmModel   *model = palloc0(sizeof(RpmModel));
	HeapTuple	row;
	MemoryContext before;
	bool		null;
	Datum		channels;

	model->shipped = strcmp(name, RPM_DEFAULT_MODEL) == 0;
	if (!model->shipped)
		rpm_own_table_check("model");
	else if (rpm_model_version_named() > 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no version %d", name, rpm_model_version_named()),
				 errhint("It comes with the extension, in one version.")));
	rpm_spi_query_by_key(psprintf(query, model->shipped ? "m.row_state" : "pg_catalog.format('%s %s %s', m.model_id, m.xmin, m.ctid)", model->shipped ? shipped : own),
				  2, types, values, NULL);
	if (SPI_processed == 0 && !model->shipped)
		say_what_is_missing(name);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the default model is not there"),
				 errhint("Somebody deleted its row of rpm.model; train or import a model and SET rpm_pg.model.")));
	row = SPI_tuptable->vals[0];
	model->id = rpm_column_int32(row, 1);
	strlcpy(state, rpm_column_text(row, 2, context), STATE_LENGTH);
	channels = rpm_column(row, 3, &null);
	model->cell_size_m = rpm_column_double(row, 9);
	model->size_cells = rpm_column_int32(row, 10);
	if (null || isnan(model->cell_size_m) || model->size_cells < 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" does not say its channels, cell or size", name),
				 errhint("Import it with settings (channels, channel_shift, channel_scale, target_shift_dbm, target_scale_db, cell_size_m, size_cells).")));
	before = MemoryContextSwitchTo(context);
	model->channels = PointerGetDatum(DatumGetArrayTypePCopy(channels));
	MemoryContextSwitchTo(before);
	model->channel_count = ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(model->channels)), ARR_DIMS(DatumGetArrayTypeP(model->channels)));
	model->features = rpm_column_text(row, 11, context);
	read_scaling(row, name, model, scaling);
	SPI_finish();
	return model;
}

static void
say_what_is_missing(const char *name)
{
	Oid			types[2] = {TEXTOID, INT4OID};
	Datum		values[2] = {CStringGetTextDatum(name), Int32GetDatum(rpm_model_version_named())};

	rpm_spi_query("SELECT rpm.model_ready_row($1, nullif($2, 0))", 2, types, values, NULL);
	SPI_finish();
}

static void
read_scaling(HeapTuple row, const char *name, RpmModel *model, rpm_learn_scaling *scaling)
{
	scaling->channels = model->channel_count;
	scaling->target_shift_dbm = rpm_column_double(row, 6);
	scaling->target_scale_db = rpm_column_double(row, 7);
	scaling->deviation_factor = rpm_column_double(row, 8);
	if (model->channel_count > RPM_LEARN_MOST_CHANNELS || !isfinite(scaling->target_shift_dbm) || !isfinite(scaling->target_scale_db))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no usable scale of levels or more than %d channels", name, RPM_LEARN_MOST_CHANNELS),
				 errhint("Import it with target_shift_dbm and target_scale_db.")));
	read_numbers(row, 4, model->channel_count, scaling->shift);
	read_numbers(row, 5, model->channel_count, scaling->scale);
	for (int c = 0; c < model->channel_count; c++)
		if (!isfinite(scaling->shift[c]) || !isfinite(scaling->scale[c]) || scaling->scale[c] == 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("channel %d of model \"%s\" has shift %g and scale %g", c + 1, name, scaling->shift[c], scaling->scale[c]),
					 errhint("Give finite numbers, the scale not 0.")));
}

/* rpm.model's checks keep the lengths alike. */
static void
read_numbers(HeapTuple row, int column, int count, double *values)
{
	bool		null;
	Datum		array = rpm_column(row, column, &null);
	Datum	   *elements;
	int			given;

	deconstruct_array(DatumGetArrayTypeP(array), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, NULL, &given);
	for (int i = 0; i < count; i++)
		values[i] = i < given ? DatumGetFloat8(elements[i]) : NAN;
}

static rpm_learn_network *
open_network(const char *name, const RpmModel *model, const rpm_learn_scaling *scaling)
{
	Oid			types[1] = {INT4OID};
	Datum		values[1] = {Int32GetDatum(model->id)};
	MemoryContext context = CurrentMemoryContext;
	OpenCall	call = {.scaling = *scaling};
	rpm_control control;
	bool		null;

	rpm_spi_query(psprintf("SELECT m.declaration, m.weights FROM rpm.%s AS m WHERE m.model_id OPERATOR(pg_catalog.=) $1", model->shipped ? "default_model" : "model"),
				  1, types, values, NULL);
	call.declaration = rpm_model_text_to_file(rpm_column_text(SPI_tuptable->vals[0], 1, context));
	call.weights = DatumGetByteaPP(rpm_column(SPI_tuptable->vals[0], 2, &null));
	rpm_control_from_settings(&control);
	rpm_run_engine(open_call, &call, &control, psprintf("model \"%s\"", name));
	SPI_finish();
	return call.network;
}

static rpm_code
open_call(void *argument, rpm_control *control, rpm_status *status)
{
	OpenCall   *call = argument;

	return rpm_learn_network_open(call->declaration, VARDATA_ANY(call->weights), VARSIZE_ANY_EXHDR(call->weights), &call->scaling, control,
								  &call->network, status);
}

/* False where there is no room for it. */
static bool
keep(const char *state, rpm_learn_network *network)
{
	size_t		limit = kept_limit();

	if (rpm_learn_network_bytes(network) > limit)
		return false;
	while (kept_bytes() + rpm_learn_network_bytes(network) > limit)
		drop_oldest();
	for (int i = 0; i < MOST_KEPT; i++)
		if (kept[i].network == NULL)
		{
			strlcpy(kept[i].state, state, STATE_LENGTH);
			kept[i].network = network;
			kept[i].used = calls;
			return true;
		}
	drop_oldest();
	return keep(state, network);
}

static void
drop_oldest(void)
{
	KeptNetwork *oldest = NULL;

	for (int i = 0; i < MOST_KEPT; i++)
		if (kept[i].network != NULL && (oldest == NULL || kept[i].used < oldest->used))
			oldest = &kept[i];
	if (oldest == NULL)
		return;
	rpm_learn_network_free(oldest->network);
	*oldest = (KeptNetwork) {0};
}

static size_t
kept_limit(void)
{
	return (size_t) rpm_setting_model_cache_mb * 1024 * 1024;
}

static size_t
kept_bytes(void)
{
	size_t		bytes = 0;

	for (int i = 0; i < MOST_KEPT; i++)
		bytes += kept[i].network != NULL ? rpm_learn_network_bytes(kept[i].network) : 0;
	return bytes;
}

static void
free_with_context(rpm_learn_network *network)
{
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

	callback->func = free_network;
	callback->arg = network;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
}

static void
free_network(void *network)
{
	rpm_learn_network_free(network);
}
