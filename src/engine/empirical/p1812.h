/* p1812.h: the parts of ITU-R P.1812 (rpm_path_profile.h). */
#ifndef RPM_P1812_H
#define RPM_P1812_H

#include "rpm_path_profile.h"

/* A profile in the recommendation's units, with what section 3 and Attachment 1 derive from it. */
typedef struct p1812_path
{
	int			n;
	double	   *d;				/* km */
	double	   *h;				/* ground, m above sea level */
	double	   *g;				/* with clutter, the ends without */
	double		length;			/* km */
	double		frequency;		/* GHz */
	double		wavelength;		/* m */
	double		hts, hrs;		/* antennas above sea level */
	double		htg, hrg;		/* above ground */
	double		sea;			/* omega: share of the path over water */
	double		longest_land, longest_inland; /* d_tm, d_lm */
	double		beta0;			/* time share of strong lapse rates, % */
	double		radius;			/* a_e, median effective earth radius, km */
	double		hstd, hsrd;		/* smooth surface for diffraction */
	double		hte, hre;		/* effective heights for ducting */
	double		roughness;		/* h_m */
	double		theta_t, theta_r, theta; /* horizon angles and path angle, mrad */
	double		dlt, dlr;		/* horizon distances, km */
	bool		transhorizon;
} p1812_path;

typedef struct p1812_diffraction
{
	double		loss, bullington, smooth_bullington, spherical;
} p1812_diffraction;

/* Fills what is derived; d, h, g, frequency, heights and radius stand already.  zone may be NULL. */
void		rpm_p1812_derive(p1812_path *path, const int *zone, double latitude_deg);

/* Delta-Bullington, section 4.3.4, for an effective earth radius in km. */
p1812_diffraction rpm_p1812_diffraction_loss(const p1812_path *path, double radius, bool horizontal);

/* Attachment 2: approximate inverse of the complementary normal distribution. */
double		rpm_p1812_normal(double share);

#endif
