/*
 * roof_reflection.h: over the roofs and reflected once, at a wall of the receiver's street or of the antenna's.
 *
 * By images: behind the last roof the band runs to the image of the receiver in the wall; before the first one it comes from the image of
 * the antenna.  Powers are added.
 */
#ifndef RPM_ROOF_REFLECTION_H
#define RPM_ROOF_REFLECTION_H

#include "trace/band_power.h"
#include "trace/facing_walls.h"

/* Of the walls that the antenna sees those that stand largest before it. */
#define RPM_ROOF_IMAGES_MAX 4

typedef struct rpm_antenna_image
{
	rpm_band_source source;
	rpm_roofs  *roofs;			/* about it */
} rpm_antenna_image;

typedef struct rpm_roof_mirrors
{
	rpm_facing_walls *walls;
	int			image_count;
	rpm_antenna_image images[RPM_ROOF_IMAGES_MAX];
} rpm_roof_mirrors;

/* The walls of a scene and the antenna's images in those near it.  Errors: RPM_OUT_OF_MEMORY, of rpm_reserve, RPM_CANCELLED. */
rpm_code	rpm_roof_mirrors_create(const rpm_map_job *job, struct rpm_roof_mirrors **mirrors, rpm_status *status);
void		rpm_roof_mirrors_free(struct rpm_roof_mirrors *mirrors);

/* The power at a point, with RPM_AROUND_CORNERS by corner_reflection.h too; ways that bring less than `least` for certain are left out.  Thread-safe. */
RPM_SHARED double rpm_map_roof_reflection(const rpm_map_job *job, rpm_vec3 point, double least);

/*
 * What edges that come near the way to the wall leave of a ray that the wall mirrors in sight of the antenna: a factor on its amplitude, which is
 * a half at the edge's shadow as that of the power above.  1 where nothing is near.
 */
RPM_SHARED double rpm_map_mirror_clearance(const rpm_map_job *job, int32_t facet, rpm_vec3 point);

/* By way of a wall, in which one end is imaged: `end` behind the roofs or corners, or the source before them. */
typedef struct rpm_mirrored_way
{
	rpm_band_source source;
	rpm_vec3	end;
	int32_t		facet;			/* the wall */
	rpm_vec3	imaged;			/* whose image that end is */
	double		share;			/* of the power: less than 1 where the wall is far */
	const rpm_roofs *roofs;		/* about the source */
	rpm_roof_question over;		/* for the band over the roofs between the ends */
} rpm_mirrored_way;

/* Whether a band between the ends is mirrored: the wall is the first that the imaged end sees towards it. */
RPM_SHARED bool rpm_mirrored_way_open(const rpm_map_job *job, const rpm_mirrored_way *way, const rpm_band *band);

/* What comes over a band between the ends. */
RPM_SHARED double rpm_mirrored_way_power(const rpm_map_job *job, const rpm_mirrored_way *way, const rpm_band *band);

#endif
