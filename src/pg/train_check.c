/* train_check.c: what a training is refused for before anything is read (sql/86_train.sql). */
#include "postgres.h"

#include "fmgr.h"

#include "arguments.h"
#include "model_bytes.h"
#include "network_device.h"
#include "rpm_learn.h"
#include "rpm_settings.h"
#include "train_data.h"
#include "worker.h"

PG_FUNCTION_INFO_V1(rpm_sql_train_check);

/* Arguments by number. */
enum
{
	CHECK_DECLARATION = 0,
	CHECK_CHANNELS,
	CHECK_TILES,
	CHECK_SIZE_CELLS,
	CHECK_CROP,
	CHECK_BATCH
};

typedef struct CheckCall
{
	const char *declaration;
	rpm_learn_form form;
	rpm_learn_options options;
	size_t		tiles;
	bool		on_cpu;
} CheckCall;

static rpm_code check(void *argument, rpm_control *control, rpm_status *status);

Datum
rpm_sql_train_check(PG_FUNCTION_ARGS)
{
	CheckCall	call = {.options = rpm_learn_options_default(), .on_cpu = rpm_network_on_cpu_alone()};
	rpm_control control;

	call.declaration = rpm_model_text_to_file(rpm_argument_text(fcinfo, CHECK_DECLARATION, "network", "rpm_network_unet writes one."));
	call.form.channels = (int) rpm_argument_int32(fcinfo, CHECK_CHANNELS, "channels", 1, RPM_LEARN_MOST_CHANNELS);
	call.tiles = (size_t) rpm_argument_int32(fcinfo, CHECK_TILES, "tiles", 1, PG_INT32_MAX);
	call.form.side = (int) rpm_argument_int32(fcinfo, CHECK_SIZE_CELLS, "size_cells", 1, RPM_TRAIN_MOST_SIDE);
	call.options.crop = (int) rpm_argument_int32(fcinfo, CHECK_CROP, "crop_cells", 0, RPM_TRAIN_MOST_SIDE);
	call.options.batch = (int) rpm_argument_int32(fcinfo, CHECK_BATCH, "batch", 1, RPM_TRAIN_MOST_BATCH);
	call.options.held_out = 0;
	rpm_control_from_settings(&control);
	rpm_run_engine(check, &call, &control, NULL);
	PG_RETURN_VOID();
}

/* The memory of a network on a device is the device's. */
static rpm_code
check(void *argument, rpm_control *control, rpm_status *status)
{
	const CheckCall *call = argument;
	rpm_nn_model *model = NULL;

	if (rpm_nn_parse(call->declaration, strlen(call->declaration), &model, status) == RPM_OK)
		rpm_learn_check(model, &call->form, call->tiles, &call->options, call->on_cpu ? control : NULL, status);
	rpm_nn_model_free(model);
	return status->code;
}
