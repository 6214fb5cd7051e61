/*
 * rpm_server_fold.h: best server, strongest level and SINR over the maps of many antennas, one map at a time.
 *
 * A fold holds one window of cells that grows to the union of the maps it is given; the maps share one alignment and are
 * addressed by whole columns and rows from any common origin.  Nothing is kept of a map once it is folded in, so that
 * thousands of antennas need the memory of one map (for SINR: one map per channel).
 */
#ifndef RPM_SERVER_FOLD_H
#define RPM_SERVER_FOLD_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_FOLD_NO_SERVER INT32_MIN
#define RPM_FOLD_LARGEST_LEVEL 1000.0f

typedef struct rpm_fold rpm_fold;

/* A rectangle of whole cells: columns grow eastward, rows southward. */
typedef struct rpm_window
{
	int64_t		column, row;
	int32_t		columns, rows;
} rpm_window;

/* One antenna's part in a fold. */
typedef struct rpm_fold_server
{
	int32_t		id;				/* RPM_FOLD_NO_SERVER is not allowed */
	int64_t		channel;		/* antennas of one channel interfere: a number of 32 bits, or rpm_fold_channel_of_frequency() */
	double		load;			/* 0 to 1: share of the time and band in which it transmits */
} rpm_fold_server;

/*
 * The channel of antennas that have none: those of one carrier frequency interfere, to the nearest kHz (raster points of 3GPP TS 36.101 and
 * TS 38.101 are at least 5 kHz apart).  It is never the number of a channel.  frequency_mhz: above 0, at most 1e9.
 */
static inline int64_t
rpm_fold_channel_of_frequency(double frequency_mhz)
{
	return ((int64_t) 1 << 32) + llround(frequency_mhz * 1000);
}

/*
 * with_interference: also keep, per channel, the co-channel power that is not the best server's (needed for SINR).
 * memory_limit_bytes: 0 for none.  Returns NULL with the status set when memory is short.
 */
rpm_fold   *rpm_fold_create(bool with_interference, size_t memory_limit_bytes, rpm_status *status);
void		rpm_fold_free(rpm_fold *fold);

/*
 * Folds in one map: level_dbm[row * columns + column] of window; values equal to nodata (or NaN) say nothing.
 * The stronger level serves; at equal levels the smaller id.  The result does not depend on the order of the maps beyond the
 * rounding of sums of powers (relative 1e-12).  Errors: RPM_INVALID_ARGUMENT (load outside 0 to 1, a level beyond
 * RPM_FOLD_LARGEST_LEVEL either way), RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_fold_add(rpm_fold *fold, const rpm_window *window, const float *level_dbm, float nodata,
						 const rpm_fold_server *server, rpm_status *status);

/* The cells covered so far; columns == 0 when nothing was added. */
rpm_window	rpm_fold_window(const rpm_fold *fold);

/* Best server per cell of rpm_fold_window(): its id, RPM_FOLD_NO_SERVER where there is none. */
const int32_t *rpm_fold_best_server(const rpm_fold *fold);

/* Level of the best server per cell, dBm; nodata where there is none. */
void		rpm_fold_strongest(const rpm_fold *fold, float nodata, float *level_dbm);

/*
 * SINR of the best server per cell, dB: S / (sum of co-channel S_k load_k + N), both per resource element
 * (3GPP TS 36.214 section 5.1.1 and TS 38.215 section 5.1.1 for RSRP; noise from rpm_thermal_noise_dbm).
 * nodata where there is no server.
 */
void		rpm_fold_sinr(const rpm_fold *fold, double noise_dbm, float nodata, float *sinr_db);

#ifdef __cplusplus
}
#endif
#endif
