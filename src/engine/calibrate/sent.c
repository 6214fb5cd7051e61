/*
 * sent.c: what an antenna sends into the paths of a cell: patterns of TR 38.901 four paths at once, others one by one.
 *
 * The formulas are those of rpm_pattern_gradient.h.  e^x = 2^n e^r with r within ln 2 / 2: behind the twelfth term of its series 2e-16 is left.
 */
#include <math.h>
#include <string.h>

#include "calibrate/sent.h"
#include "features/angles.h"
#include "features/lanes.h"

#define LANES 4
#define BLOCK 16				/* paths; their arctangents are taken together */
#define MANTISSA_BITS 52
#define BIAS 1023
/* Added, the sum's last bits are the integer. */
#define ROUNDS 6755399441055744.0

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef int64_t bits __attribute__((vector_size(LANES * sizeof(double))));

typedef struct lane_vec
{
	lanes		x, y, z;
} lane_vec;

/* A block of paths in the antenna's axes. */
typedef struct block
{
	double		x[BLOCK], y[BLOCK], z[BLOCK], rho[BLOCK], theta[BLOCK], phi[BLOCK];
	double		direction[3][BLOCK];
} block;

#define EITHER(which, a, b) ((lanes) (((bits) (which) & (bits) (a)) | (~(bits) (which) & (bits) (b))))

static void one_by_one(const rpm_antenna *antenna, const rpm_antenna_frame *frame, const rpm_stored_path *paths, uint32_t count, bool gradient,
					   rpm_sent *sent, size_t apart);
static void look(const rpm_antenna_frame *frame, const rpm_stored_path *paths, uint32_t count, block *b);
static void send(const rpm_antenna *antenna, const rpm_antenna_frame *frame, const block *b, uint32_t count, bool gradient, rpm_sent *sent,
				 size_t apart);

static inline rpm_sent *
sent_at(rpm_sent *sent, size_t apart, uint32_t index)
{
	return (rpm_sent *) ((char *) sent + apart * index);
}

void
rpm_sent_of_paths(const rpm_antenna *antenna, const rpm_antenna_frame *frame, const rpm_stored_path *paths, uint32_t count, bool gradient,
				  rpm_sent *sent, size_t apart)
{
	if (antenna->pattern.kind != RPM_PATTERN_TR38901)
	{
		one_by_one(antenna, frame, paths, count, gradient, sent, apart);
		return;
	}
	for (uint32_t first = 0; first < count; first += BLOCK)
	{
		uint32_t	here = count - first < BLOCK ? count - first : BLOCK;
		block		b;

		look(frame, paths + first, here, &b);
		send(antenna, frame, &b, here, gradient, sent_at(sent, apart, first), apart);
	}
}

static void
one_by_one(const rpm_antenna *antenna, const rpm_antenna_frame *frame, const rpm_stored_path *paths, uint32_t count, bool gradient, rpm_sent *sent,
		   size_t apart)
{
	rpm_vec3	by[RPM_ANTENNA_NUMBERS];

	for (uint32_t i = 0; i < count; i++)
	{
		rpm_sent   *own = sent_at(sent, apart, i);
		const float *d = paths[i].departure;
		double		square;

		own->field = rpm_antenna_field_gradient(antenna, frame, rpm_vec(d[0], d[1], d[2]), gradient ? by : NULL);
		if (!gradient)
			continue;
		square = rpm_dot(own->field, own->field);
		memcpy(own->by_angle, by, sizeof own->by_angle);
		for (int k = 0; k < RPM_SENT_SCALES; k++)
			own->by_scale[k] = square > 0 ? rpm_dot(by[RPM_BY_LOG_HORIZONTAL_BEAMWIDTH + k], own->field) / square : 0;
	}
}

/* Places behind the last path look as the first one. */
static void
look(const rpm_antenna_frame *frame, const rpm_stored_path *paths, uint32_t count, block *b)
{
	int			places = (int) (count + LANES - 1) / LANES * LANES;

	for (int i = 0; i < places; i++)
	{
		const float *d = paths[i < (int) count ? i : 0].departure;
		rpm_vec3	local = rpm_in_axes(rpm_vec(d[0], d[1], d[2]), frame->x, frame->y, frame->z);

		for (int k = 0; k < 3; k++)
			b->direction[k][i] = d[k];
		b->x[i] = local.x;
		b->y[i] = local.y;
		b->z[i] = local.z;
		b->rho[i] = sqrt(local.x * local.x + local.y * local.y);
	}
	angles_atan2(b->rho, b->z, places, b->theta);
	angles_atan2(b->y, b->x, places, b->phi);
}

LANES_INLINE void
exponential(const lanes *x, lanes *power)
{
	static const double terms[] = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120,
	1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0};
	const lanes zero = {0};
	lanes		rounded = *x * M_LOG2E + ROUNDS, rest = *x - (rounded - ROUNDS) * M_LN2, sum = terms[0] - zero;
	bits		exponent = ((bits) rounded - (bits) (ROUNDS - zero) + BIAS) << MANTISSA_BITS;

	for (size_t k = 1; k < sizeof(terms) / sizeof(terms[0]); k++)
		sum = sum * rest + terms[k];
	*power = sum * (lanes) exponent;
}

/* The pattern's gain in dB, and how the attenuation changes (rpm_pattern_slopes). */
typedef struct lane_pattern
{
	lanes		gain_db, by_theta, by_phi, by_log_horizontal, by_log_vertical, by_side_lobe_floor, by_front_to_back;
} lane_pattern;

LANES_INLINE void
pattern_of(const rpm_antenna *antenna, const lanes *theta, const lanes *phi, lane_pattern *p)
{
	const rpm_antenna_pattern *pattern = &antenna->pattern;
	const lanes zero = {0};
	double		degrees = 180 / RPM_PI, tilt = pattern->includes_electrical_tilt ? 0 : antenna->electrical_tilt_rad;
	double		floor_db = pattern->side_lobe_floor_db, back_db = pattern->front_to_back_db;
	lanes		v = ((*theta - tilt) * degrees - 90) / pattern->vertical_beamwidth_deg, h = *phi * degrees / pattern->horizontal_beamwidth_deg;
	lanes		a_v = 12 * v * v, a_h = 12 * h * h, sum;
	bits		at_floor = a_v >= floor_db, behind;

	sum = EITHER(at_floor, floor_db - zero, a_v) + EITHER(a_h < back_db, a_h, back_db - zero);
	behind = sum >= back_db;
	p->gain_db = pattern->gain_dbi - EITHER(behind, back_db - zero, sum);
	p->by_front_to_back = EITHER(behind, 1 - zero, zero);
	p->by_side_lobe_floor = EITHER(at_floor & ~behind, 1 - zero, zero);
	p->by_theta = EITHER(at_floor | behind, zero, 24 * degrees / pattern->vertical_beamwidth_deg * v);
	p->by_log_vertical = EITHER(at_floor | behind, zero, -2 * a_v);
	p->by_phi = EITHER(behind, zero, 24 * degrees / pattern->horizontal_beamwidth_deg * h);
	p->by_log_horizontal = EITHER(behind, zero, -2 * a_h);
}

LANES_INLINE void
in_axes(const lane_vec *v, const rpm_vec3 *x, const rpm_vec3 *y, const rpm_vec3 *z, lane_vec *in)
{
	in->x = v->x * x->x + v->y * x->y + v->z * x->z;
	in->y = v->x * y->x + v->y * y->y + v->z * y->z;
	in->z = v->x * z->x + v->y * z->y + v->z * z->z;
}

LANES_INLINE void
from_axes(const lane_vec *v, const rpm_vec3 *x, const rpm_vec3 *y, const rpm_vec3 *z, lane_vec *from)
{
	from->x = v->x * x->x + v->y * y->x + v->z * z->x;
	from->y = v->x * x->y + v->y * y->y + v->z * z->y;
	from->z = v->x * x->z + v->y * y->z + v->z * z->z;
}

/* Four paths while their fields are computed. */
typedef struct four_paths
{
	lanes		rho, rho_or_1, cos_phi, sin_phi, amplitude;
	bits		aside;			/* not straight up or down: there the azimuth is 0, and nothing changes with it */
	lane_vec	local, direction, p, field;
	lane_pattern pattern;
} four_paths;

LANES_INLINE void
four_fields(const rpm_antenna *antenna, const rpm_antenna_frame *frame, const block *b, uint32_t first, double c, double s, four_paths *f)
{
	const lanes zero = {0};
	lanes		theta, phi, nepers;

	LANES_LOAD(theta, b->theta + first);
	LANES_LOAD(phi, b->phi + first);
	LANES_LOAD(f->rho, b->rho + first);
	LANES_LOAD(f->local.x, b->x + first);
	LANES_LOAD(f->local.y, b->y + first);
	LANES_LOAD(f->local.z, b->z + first);
	LANES_LOAD(f->direction.x, b->direction[0] + first);
	LANES_LOAD(f->direction.y, b->direction[1] + first);
	LANES_LOAD(f->direction.z, b->direction[2] + first);
	pattern_of(antenna, &theta, &phi, &f->pattern);
	nepers = M_LN10 / 20 * f->pattern.gain_db;
	exponential(&nepers, &f->amplitude);
	f->aside = f->rho > 1e-12;
	f->rho_or_1 = EITHER(f->rho > zero, f->rho, 1 - zero);
	f->cos_phi = EITHER(f->rho > zero, f->local.x / f->rho_or_1, 1 - zero);
	f->sin_phi = EITHER(f->rho > zero, f->local.y / f->rho_or_1, zero);
	f->p.x = c * f->local.z * f->cos_phi - s * f->sin_phi;
	f->p.y = c * f->local.z * f->sin_phi + s * f->cos_phi;
	f->p.z = -c * f->rho;
	from_axes(&f->p, &frame->x, &frame->y, &frame->z, &f->field);
	f->field.x *= f->amplitude;
	f->field.y *= f->amplitude;
	f->field.z *= f->amplitude;
}

/* By azimuth or tilt, degrees. */
LANES_INLINE void
four_by_angle(const rpm_antenna_frame *frame, int angle, const four_paths *f, double c, double s, lane_vec *by)
{
	const rpm_vec3 *x = &frame->turned_x[angle], *y = &frame->turned_y[angle], *z = &frame->turned_z[angle];
	const lanes zero = {0};
	double		nepers = -M_LN10 / 20, radians = RPM_PI / 180;
	lane_vec	change, turn, dp, world;
	lanes		d_rho, turned, share;

	in_axes(&f->direction, x, y, z, &change);
	d_rho = EITHER(f->aside, f->cos_phi * change.x + f->sin_phi * change.y, zero);
	turned = EITHER(f->aside, (f->cos_phi * change.y - f->sin_phi * change.x) / f->rho_or_1, zero);
	turn.x = EITHER(f->aside, c * (change.z * f->cos_phi - f->local.z * f->sin_phi * turned) - s * f->cos_phi * turned, zero);
	turn.y = EITHER(f->aside, c * (change.z * f->sin_phi + f->local.z * f->cos_phi * turned) - s * f->sin_phi * turned, zero);
	turn.z = -c * d_rho;
	from_axes(&turn, &frame->x, &frame->y, &frame->z, &dp);
	from_axes(&f->p, x, y, z, &world);
	share = nepers * (f->pattern.by_theta * EITHER(f->aside, f->local.z * d_rho - f->rho * change.z, zero) + f->pattern.by_phi * turned);
	by->x = radians * (f->amplitude * (dp.x + world.x) + share * f->field.x);
	by->y = radians * (f->amplitude * (dp.y + world.y) + share * f->field.y);
	by->z = radians * (f->amplitude * (dp.z + world.z) + share * f->field.z);
}

LANES_WIDE static void
send(const rpm_antenna *antenna, const rpm_antenna_frame *frame, const block *b, uint32_t count, bool gradient, rpm_sent *sent, size_t apart)
{
	double		c = cos(antenna->slant_rad), s = sin(antenna->slant_rad), nepers = -M_LN10 / 20;

	for (uint32_t first = 0; first < count; first += LANES)
	{
		four_paths	f;
		lane_vec	by[2];

		four_fields(antenna, frame, b, first, c, s, &f);
		for (int angle = 0; angle < 2 && gradient; angle++)
			four_by_angle(frame, angle, &f, c, s, &by[angle]);
		for (uint32_t lane = 0; lane < LANES && first + lane < count; lane++)
		{
			rpm_sent   *own = sent_at(sent, apart, first + lane);

			own->field = rpm_vec(f.field.x[lane], f.field.y[lane], f.field.z[lane]);
			if (!gradient)
				continue;
			for (int angle = 0; angle < 2; angle++)
				own->by_angle[angle] = rpm_vec(by[angle].x[lane], by[angle].y[lane], by[angle].z[lane]);
			own->by_scale[0] = nepers * f.pattern.by_log_horizontal[lane];
			own->by_scale[1] = nepers * f.pattern.by_log_vertical[lane];
			own->by_scale[2] = nepers * f.pattern.by_side_lobe_floor[lane];
			own->by_scale[3] = nepers * f.pattern.by_front_to_back[lane];
			own->by_scale[4] = -nepers;
		}
	}
}
