/* path_loss_formulas.h: the formulas behind the table of rpm_path_loss.h. */
#ifndef RPM_PATH_LOSS_FORMULAS_H
#define RPM_PATH_LOSS_FORMULAS_H

#include "rpm_path_loss.h"

/* Environments of the formulas. */
enum
{
	RPM_HATA_URBAN = 0, RPM_HATA_LARGE_CITY, RPM_HATA_SUBURBAN, RPM_HATA_OPEN
};
enum
{
	RPM_ERICSSON_URBAN = 0, RPM_ERICSSON_SUBURBAN, RPM_ERICSSON_RURAL
};
enum
{
	RPM_CONDITION_MEAN = 0, RPM_CONDITION_LOS, RPM_CONDITION_NLOS
};
enum
{
	RPM_BELOW_ROOF_LOS = 0, RPM_BELOW_ROOF_HIGH_RISE, RPM_BELOW_ROOF_LOW_RISE, RPM_BELOW_ROOF_RESIDENTIAL,
	RPM_ABOVE_ROOF_LOS, RPM_ABOVE_ROOF_HIGH_RISE
};
enum
{
	RPM_OVER_ROOFS_MEDIUM_CITY = 0, RPM_OVER_ROOFS_METROPOLIS
};

/* Distance between the antennas. */
double		rpm_path_loss_slant_m(const rpm_path_loss_link *link);

void		rpm_formula_free_space(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value);
void		rpm_formula_hata(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value);
void		rpm_formula_cost231(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value);
void		rpm_formula_ericsson(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value);
void		rpm_formula_uma(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value);
void		rpm_formula_umi(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value);
void		rpm_formula_rma(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value);
void		rpm_formula_p1411_site_general(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value);
void		rpm_formula_p1411_over_roofs(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value);

/* What the models take where the link says NaN. */
#define RPM_RURAL_ROOF_HEIGHT_M 5.0		/* TR 38.901 Table 7.4.1-1, RMa: average building height */
#define RPM_RURAL_STREET_WIDTH_M 20.0	/* the same: average street width */
#define RPM_CITY_ROOF_HEIGHT_M 20.0		/* over rooftops: a city of six storeys, streets at 45 degrees */
#define RPM_CITY_STREET_WIDTH_M 20.0
#define RPM_CITY_SEPARATION_M 50.0
#define RPM_CITY_LENGTH_M 80.0
#define RPM_CITY_STREET_ANGLE_DEG 45.0

#endif
