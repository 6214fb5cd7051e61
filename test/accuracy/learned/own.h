/* own.h: forecasts corrected by a few of the antenna's own measurements. */
#ifndef LEARNED_OWN_H
#define LEARNED_OWN_H

#include "network.h"

/*
 * Draws so many (at most 64) of each antenna's rows as measurements, and replaces the forecast of the others by rpm_predict_points with the
 * forecast as a given prior whose offset is uncertain by offset_sd_db; the rows drawn are judged no more.
 */
bool		own_forecast(const table *t, int measured, double offset_sd_db, forecast *all);

#endif
