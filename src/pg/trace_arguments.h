/* trace_arguments.h: what rpm_trace was asked for. */
#ifndef RPM_PG_TRACE_ARGUMENTS_H
#define RPM_PG_TRACE_ARGUMENTS_H

#include "postgres.h"

#include "fmgr.h"

#include "map_grid.h"
#include "rpm_level.h"
#include "rpm_trace.h"

typedef struct RpmTraceRequest
{
	int64	   *antenna_ids;	/* NULL: all active inside the scene */
	int			antenna_count;
	double		cell_size_m;
	double		receiver_height_m;
	bool		has_box;		/* extent given */
	RpmBox		box;
	bool		has_grid;		/* template given */
	RpmMapGrid	grid;
	rpm_quantity quantity;
	bool		standard_error;
	rpm_trace_options options;
} RpmTraceRequest;

/* Memory that a map takes in this layer, bytes a cell. */
extern size_t rpm_map_bytes_per_cell(bool standard_error);

/* Reads and checks the arguments of rpm_trace; the scene's settings stand in for nulls. */
extern void rpm_trace_request_read(FunctionCallInfo fcinfo, const RpmSceneRow *row, RpmTraceRequest *request);

#endif
