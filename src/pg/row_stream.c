/* row_stream.c: the rows of a query one after another, through a receiver of our own in the place of SPI's table of copies. */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "tcop/dest.h"

#include "row_stream.h"

#define ROWS_UNTIL_POLL 256

typedef struct RowReceiver
{
	DestReceiver receiver;		/* first: the executor knows it only as this */
	RpmRowFunction function;
	void	   *argument;
	uint64		count;
} RowReceiver;

static ParamListInfo list_of(int argument_count, const Oid *types, const Datum *values);
static bool take_row(TupleTableSlot *slot, DestReceiver *receiver);
static void begin(DestReceiver *receiver, int operation, TupleDesc descriptor);
static void end(DestReceiver *receiver);

uint64
rpm_stream_rows(const char *query, int argument_count, const Oid *types, const Datum *values, RpmRowFunction function, void *argument)
{
	RowReceiver own = {{take_row, begin, end, end, DestTuplestore}, function, argument, 0};
	SPIExecuteOptions options = {.params = list_of(argument_count, types, values), .read_only = true, .must_return_tuples = true,
	.dest = &own.receiver};

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_extended(query, &options) != SPI_OK_SELECT)
		elog(ERROR, "SPI_execute_extended failed");
	SPI_finish();
	return own.count;
}

static ParamListInfo
list_of(int argument_count, const Oid *types, const Datum *values)
{
	ParamListInfo list = makeParamList(argument_count);

	for (int i = 0; i < argument_count; i++)
	{
		list->params[i].value = values[i];
		list->params[i].isnull = false;
		list->params[i].pflags = PARAM_FLAG_CONST;
		list->params[i].ptype = types[i];
	}
	return list;
}

static bool
take_row(TupleTableSlot *slot, DestReceiver *receiver)
{
	RowReceiver *own = (RowReceiver *) receiver;

	if (own->count++ % ROWS_UNTIL_POLL == 0)
		CHECK_FOR_INTERRUPTS();
	own->function(own->argument, slot);
	return true;
}

static void
begin(DestReceiver *receiver, int operation, TupleDesc descriptor)
{
	(void) receiver;
	(void) operation;
	(void) descriptor;
}

static void
end(DestReceiver *receiver)
{
	(void) receiver;
}
