/*
 * map_sum.c: fields within a geometric ray and the edges that bound it, powers between such groups.
 */
#include "trace/map_internal.h"

RPM_INLINE bool reflected_here(const rpm_map_reflected *reflected, int count, int32_t facet);
RPM_INLINE rpm_cvec3 at_facet(const rpm_map_diffracted *diffracted, int count, int32_t facet);
RPM_INLINE bool first_of_facet(const rpm_map_diffracted *diffracted, int index, int32_t facet);

RPM_SHARED double
rpm_map_field_power(rpm_cvec3 direct, const rpm_map_reflected *reflected, int reflected_count,
					const rpm_map_diffracted *diffracted, int diffracted_count)
{
	double		power = 0;

	for (int i = 0; i < diffracted_count; i++)
	{
		const rpm_map_diffracted *d = &diffracted[i];
		double		left = 1 - d->direct * d->direct - d->face_0 * d->face_0 - d->face_n * d->face_n;

		direct = rpm_cvec_add(direct, rpm_cvec_scale(d->field, d->direct));
		power += fmax(0, left) * rpm_cvec_norm2(d->field);
		/* The group of a face without a reflected ray here: beyond its reflection boundary. */
		if (d->face_0 > 0 && first_of_facet(diffracted, i, d->facet_0) && !reflected_here(reflected, reflected_count, d->facet_0))
			power += rpm_cvec_norm2(at_facet(diffracted, diffracted_count, d->facet_0));
		if (d->face_n > 0 && d->facet_n != d->facet_0 && first_of_facet(diffracted, i, d->facet_n)
			&& !reflected_here(reflected, reflected_count, d->facet_n))
			power += rpm_cvec_norm2(at_facet(diffracted, diffracted_count, d->facet_n));
	}
	for (int i = 0; i < reflected_count; i++)
		power += rpm_cvec_norm2(rpm_cvec_add(reflected[i].field, at_facet(diffracted, diffracted_count, reflected[i].facet)));
	return power + rpm_cvec_norm2(direct);
}

RPM_INLINE bool
reflected_here(const rpm_map_reflected *reflected, int count, int32_t facet)
{
	for (int i = 0; i < count; i++)
		if (reflected[i].facet == facet)
			return true;
	return false;
}

/* What the edges of a facet add to its reflected ray. */
RPM_INLINE rpm_cvec3
at_facet(const rpm_map_diffracted *diffracted, int count, int32_t facet)
{
	rpm_cvec3	sum = rpm_cvec_zero();

	for (int i = 0; i < count; i++)
	{
		if (diffracted[i].facet_0 == facet && diffracted[i].face_0 > 0)
			sum = rpm_cvec_add(sum, rpm_cvec_scale(diffracted[i].field, diffracted[i].face_0));
		if (diffracted[i].facet_n == facet && diffracted[i].face_n > 0)
			sum = rpm_cvec_add(sum, rpm_cvec_scale(diffracted[i].field, diffracted[i].face_n));
	}
	return sum;
}

/* Whether no edge before this one adds to the facet. */
RPM_INLINE bool
first_of_facet(const rpm_map_diffracted *diffracted, int index, int32_t facet)
{
	for (int i = 0; i < index; i++)
		if ((diffracted[i].facet_0 == facet && diffracted[i].face_0 > 0) || (diffracted[i].facet_n == facet && diffracted[i].face_n > 0))
			return false;
	return true;
}
