/*
 * knife_edges.c: Vogler's integral over several knife edges (rpm_multiple_diffraction.h).
 *
 * With t_i the height above edge i in units that make the quadratic form's diagonal 1, turned into the complex plane by pi / 4,
 *   A = C pi^(-N/2) integral exp(-sum t_i^2 - 2 sum beta_i t_i + 2 sum alpha_i t_i t_i+1) over all t_i >= 0,
 * |exp| of which is a Gaussian.  The variables form a chain: N - 1 small matrices times vectors.
 */
#include "rpm_multiple_diffraction.h"

#define NODES_FEW 12
#define NODES_MANY 24
/* A long interval is cut into panels of this length, so many at most: a neighbour's part of the integrand is about 1 wide. */
#define PANEL 16.0
#define PANELS_MAX 6
#define NODES_MAX (2 * PANELS_MAX * NODES_MANY)
/*
 * Edges that stand so close, against the legs before and behind them, count as one (0.07 dB: Millington's two grazed edges, asin(1 - x)); but
 * not where the path turns so far over one that it is deep in the shadow of the other (by its nu over the leg between them).
 */
#define CLOSE 1e-3
#define CLOSE_NU 0.1
/* An interval reaches this many exponents down, 10^(-3.9) of the integrand. */
#define EXPONENTS 9.0
/* The longer rule from this length and this phase over the interval on. */
#define LONG_INTERVAL 5.0
#define LONG_PHASE 10.0

/* The chain in Vogler's variables; beta_i = b_i e^{j pi / 4}. */
typedef struct chain
{
	int			count;
	double		b[RPM_EDGES_MAX], alpha[RPM_EDGES_MAX], opacity[RPM_EDGES_MAX];
	double		pivot[RPM_EDGES_MAX];	/* of the quadratic form, from the first edge on */
	double		width[RPM_EDGES_MAX], middle[RPM_EDGES_MAX];	/* of |exp| over each variable when all others are free */
	double		width_below[RPM_EDGES_MAX], middle_below[RPM_EDGES_MAX];	/* when edges that the path bends over are at their edge */
	double		above[RPM_EDGES_MAX], below[RPM_EDGES_MAX];	/* how far each variable reaches on either side */
	bool		series[RPM_EDGES_MAX];	/* the coupling with the next edge is summed as a power series */
	double		front;			/* C pi^(-N/2) */
} chain;

/* Couplings up to this exponent are summed as a power series, with terms until they are below SERIES_END of the sum. */
#define SERIES_EXPONENT 14.0
/* ... and up to this where its terms change sign. */
#define SERIES_EXPONENT_BACK 1.0
#define SERIES_END 1e-5

/* Nodes of one variable: heights and weights with its own factor of the integrand in them. */
typedef struct rule
{
	int			count;
	double		t[NODES_MAX];
	rpm_complex weight[NODES_MAX];
} rule;

RPM_LOCAL int	join_close(const rpm_chain_edge *edges, int count, double last_leg_m, double wavelength_m, rpm_chain_edge *joined);
RPM_LOCAL double leg_beyond(const rpm_chain_edge *edges, int count, int i, double span_m, double last_leg_m);
RPM_LOCAL void describe(chain *c, const rpm_chain_edge *edges, int count, double last_leg_m, double wavelength_m);
RPM_LOCAL bool apart(const chain *c, int i);
RPM_LOCAL void marginals(chain *c, bool held, double *width, double *middle);
RPM_LOCAL void make_rule(const chain *c, int i, rule *r);
RPM_LOCAL double reach(double b, double width, double middle);
RPM_LOCAL void add_interval(rule *r, double length, int side, double share, double b, double square);
RPM_LOCAL void carry(const rule *from, const rule *to, double alpha, double pivot, const rpm_complex *field, rpm_complex *next);
RPM_LOCAL void carry_series(const rule *from, const rule *to, double alpha, double largest, const rpm_complex *field, rpm_complex *next);
RPM_LOCAL double largest_coupling(const chain *c, int i);

RPM_SHARED double
rpm_knife_edges(const rpm_chain_edge *all, int count, double last_leg_m, double wavelength_m)
{
	rpm_chain_edge edges[RPM_EDGES_MAX];
	chain		c;
	rule		rules[2];
	rpm_complex fields[2][NODES_MAX], sum = rpm_cx(0, 0);
	int			now = 0;

	if (count == 0)
		return 1;
	count = join_close(all, count, last_leg_m, wavelength_m, edges);
	if (count == 1 && edges[0].opacity >= 1 && edges[0].turn >= 0)
		return rpm_knife_edge(rpm_knife_edge_parameter(edges[0].turn, edges[0].leg_m, last_leg_m, wavelength_m));
	describe(&c, edges, count, last_leg_m, wavelength_m);
	make_rule(&c, 0, &rules[0]);
	for (int k = 0; k < rules[0].count; k++)
		fields[0][k] = rules[0].weight[k];
	for (int i = 1; i < count; i++, now = 1 - now)
	{
		make_rule(&c, i, &rules[1 - now]);
		if (c.series[i - 1])
			carry_series(&rules[now], &rules[1 - now], c.alpha[i - 1], largest_coupling(&c, i - 1), fields[now], fields[1 - now]);
		else
			carry(&rules[now], &rules[1 - now], c.alpha[i - 1], c.pivot[i - 1], fields[now], fields[1 - now]);
	}
	for (int k = 0; k < rules[now].count; k++)
		sum = rpm_cx_add(sum, fields[now][k]);
	return c.front * sqrt(rpm_cx_norm2(sum));
}

/* Edges that stand close together as one, which turns the path by their sum; returns how many are left.  Only what a last group spans is lost. */
RPM_LOCAL int
join_close(const rpm_chain_edge *edges, int count, double last_leg_m, double wavelength_m, rpm_chain_edge *joined)
{
	int			left = 1;
	double		span_m = 0;

	joined[0] = edges[0];
	for (int i = 1; i < count; i++)
	{
		rpm_chain_edge *last = &joined[left - 1];
		double		leg_m = span_m + edges[i].leg_m, nu = sqrt(2 * leg_m / wavelength_m) * fmax(fabs(edges[i].turn), fabs(last->turn));

		if (!edges[i].turns_back && leg_m <= CLOSE * fmin(last->leg_m, leg_beyond(edges, count, i, leg_m, last_leg_m)) && nu <= CLOSE_NU)
		{
			last->turn += edges[i].turn;
			last->opacity = fmax(last->opacity, edges[i].opacity);
			span_m = leg_m;
			continue;
		}
		joined[left] = edges[i];
		joined[left++].leg_m = leg_m;
		span_m = 0;
	}
	return left;
}

/* The first leg behind edge i that is not as short as those that are joined. */
RPM_LOCAL double
leg_beyond(const rpm_chain_edge *edges, int count, int i, double span_m, double last_leg_m)
{
	for (int k = i + 1; k < count; k++)
		if (edges[k].leg_m > span_m / CLOSE)
			return edges[k].leg_m;
	return last_leg_m;
}

/* Vogler's alpha, beta and C of NTIA 81-86, equations 8 to 11. */
RPM_LOCAL void
describe(chain *c, const rpm_chain_edge *edges, int count, double last_leg_m, double wavelength_m)
{
	double		total = last_leg_m, square = 1;

	c->count = count;
	for (int i = 0; i < count; i++)
	{
		double		before = edges[i].leg_m, after = i + 1 < count ? edges[i + 1].leg_m : last_leg_m;

		c->b[i] = sqrt(RPM_PI / 2) * rpm_knife_edge_parameter(edges[i].turn, before, after, wavelength_m);
		c->opacity[i] = edges[i].opacity;
		if (i + 1 < count)
		{
			double		beyond = i + 2 < count ? edges[i + 2].leg_m : last_leg_m;

			c->alpha[i] = (edges[i + 1].turns_back ? -1 : 1) * sqrt(before * beyond / ((before + after) * (after + beyond)));
			square *= after;
		}
		square /= before + after;
		total += before;
	}
	c->front = sqrt(square * total) * pow(RPM_PI, -count / 2.0);
	marginals(c, false, c->width, c->middle);
	marginals(c, true, c->width_below, c->middle_below);
	for (int i = 0; i < count; i++)
	{
		c->pivot[i] = i > 0 ? 1 - c->alpha[i - 1] * c->alpha[i - 1] / c->pivot[i - 1] : 1;
		c->above[i] = reach(c->b[i], c->width[i], c->middle[i]);
		c->below[i] = c->opacity[i] < 1 ? reach(-c->b[i], c->width_below[i], -c->middle_below[i]) : 0;
	}
	for (int i = 0; i + 1 < count; i++)
		c->series[i] = largest_coupling(c, i) < (c->alpha[i] < 0 ? SERIES_EXPONENT_BACK : SERIES_EXPONENT);
}

RPM_LOCAL double
largest_coupling(const chain *c, int i)
{
	return 2 * fabs(c->alpha[i]) * fmax(c->above[i], c->below[i]) * fmax(c->above[i + 1], c->below[i + 1]);
}

/* Whole screens on either side: above both the coupling only takes away. */
RPM_LOCAL bool
apart(const chain *c, int i)
{
	return c->alpha[i] < 0 && c->opacity[i] >= 1 && c->opacity[i + 1] >= 1;
}

/*
 * The inverse of the tridiagonal form from both ends: its diagonal and the middle of the Gaussian.  held: edges of whole screens that the
 * path bends over stay at t = 0.
 */
RPM_LOCAL void
marginals(chain *c, bool held, double *width, double *middle)
{
	double		from_left[RPM_EDGES_MAX], from_right[RPM_EDGES_MAX], left[RPM_EDGES_MAX], right[RPM_EDGES_MAX];

	for (int i = 0; i < c->count; i++)
	{
		bool		bound = i == 0 || (held && c->b[i - 1] >= 0 && c->opacity[i - 1] >= 1);
		double		drive = -c->b[i] / sqrt(2.0), alpha = bound || apart(c, i - 1) ? 0 : c->alpha[i - 1];

		from_left[i] = bound ? 1 : 1 - alpha * alpha / from_left[i - 1];
		left[i] = bound ? drive : drive + alpha * left[i - 1] / from_left[i - 1];
	}
	for (int i = c->count - 1; i >= 0; i--)
	{
		bool		bound = i + 1 == c->count || (held && c->b[i + 1] >= 0 && c->opacity[i + 1] >= 1);
		double		drive = -c->b[i] / sqrt(2.0), alpha = bound || apart(c, i) ? 0 : c->alpha[i], pivot;

		from_right[i] = bound ? 1 : 1 - alpha * alpha / from_right[i + 1];
		right[i] = bound ? drive : drive + alpha * right[i + 1] / from_right[i + 1];
		pivot = from_left[i] + from_right[i] - 1;
		middle[i] = (left[i] + right[i] - drive) / pivot;
		width[i] = sqrt(1 / pivot);
	}
}

/* t >= 0, and with the transparent share of the screen t <= 0. */
RPM_LOCAL void
make_rule(const chain *c, int i, rule *r)
{
	/*
	 * The quadratic form is a sum of squares, pivot_i (t_i - alpha_i t_i+1 / pivot_i)^2 and the last edge's; a series has only the mixed
	 * term of its square, and the rest of that stands here.
	 */
	double		square = i + 1 == c->count || c->series[i] ? c->pivot[i] : 0;

	if (i > 0 && c->series[i - 1])
		square += c->alpha[i - 1] * c->alpha[i - 1] / c->pivot[i - 1];
	r->count = 0;
	add_interval(r, c->above[i], 1, 1, c->b[i], square);
	if (c->opacity[i] < 1)
		add_interval(r, c->below[i], -1, 1 - c->opacity[i], c->b[i], square);
}

/* How far up the integrand reaches: with the other variables free, or at their edges. */
RPM_LOCAL double
reach(double b, double width, double middle)
{
	double		half = b / sqrt(2.0), alone = sqrt(half * half + EXPONENTS) - half;
	double		depth = sqrt(EXPONENTS) * width;
	double		among = middle > 0 ? middle + depth : middle + sqrt(middle * middle + depth * depth);

	return fmax(alone, among);
}

RPM_LOCAL void
add_interval(rule *r, double length, int side, double share, double b, double square)
{
	static const double few_x[NODES_FEW / 2] = {0.125233408511469, 0.367831498998180, 0.587317954286617, 0.769902674194305,
		0.904117256370475, 0.981560634246719};
	static const double few_w[NODES_FEW / 2] = {0.249147045813403, 0.233492536538355, 0.203167426723066, 0.160078328543346,
		0.106939325995318, 0.047175336386512};
	static const double many_x[NODES_MANY / 2] = {0.064056892862606, 0.191118867473616, 0.315042679696163, 0.433793507626045,
		0.545421471388840, 0.648093651936976, 0.740124191578554, 0.820001985973903, 0.886415527004401, 0.938274552002733,
		0.974728555971309, 0.995187219997021};
	static const double many_w[NODES_MANY / 2] = {0.127938195346752, 0.125837456346828, 0.121670472927803, 0.115505668053726,
		0.107444270115966, 0.097618652104114, 0.086190161531953, 0.073346481411080, 0.059298584915437, 0.044277438817420,
		0.028531388628934, 0.012341229799987};
	bool		many = length > LONG_INTERVAL || sqrt(2.0) * fabs(b) * length > LONG_PHASE;
	const double *x = many ? many_x : few_x, *w = many ? many_w : few_w;
	int			half = (many ? NODES_MANY : NODES_FEW) / 2, panels = many ? (int) fmin(ceil(length / PANEL), PANELS_MAX) : 1;

	length /= panels;
	for (int k = 0; k < 2 * half * panels; k++)
	{
		int			node = k % (2 * half);
		double		place = node < half ? x[node] : -x[node - half], t = side * length * (k / (2 * half) + (1 + place) / 2);
		rpm_complex e = rpm_cx_exp(rpm_cx(-square * t * t - sqrt(2.0) * b * t, -sqrt(2.0) * b * t));

		r->t[r->count] = t;
		r->weight[r->count++] = rpm_cx_scale(e, share * length / 2 * w[node % half]);
	}
}

/* Over all t of the edge before: exp(-pivot (t - alpha u / pivot)^2), the form's square that holds both. */
RPM_LOCAL void
carry(const rule *from, const rule *to, double alpha, double pivot, const rpm_complex *field, rpm_complex *next)
{
	for (int k = 0; k < to->count; k++)
	{
		double		re = 0, im = 0, u = alpha / pivot * to->t[k];

		for (int l = 0; l < from->count; l++)
		{
			double		off = from->t[l] - u, coupling = exp(-pivot * off * off);

			re += coupling * field[l].re;
			im += coupling * field[l].im;
		}
		next[k] = rpm_cx_mul(rpm_cx(re, im), to->weight[k]);
	}
}

/* The same with e^(2 alpha t u) by powers: moments of the field over u, then a polynomial in t. */
RPM_LOCAL void
carry_series(const rule *from, const rule *to, double alpha, double largest, const rpm_complex *field, rpm_complex *next)
{
	double		term = 1, sum = 1;
	double		re[NODES_MAX], im[NODES_MAX], power[NODES_MAX];

	for (int l = 0; l < from->count; l++)
	{
		re[l] = field[l].re;
		im[l] = field[l].im;
	}
	for (int k = 0; k < to->count; k++)
	{
		power[k] = 1;
		next[k] = rpm_cx(0, 0);
	}
	for (int order = 1; term > SERIES_END * sum; order++)
	{
		double		moment_re = 0, moment_im = 0, rate = 2 * alpha / order;

		for (int l = 0; l < from->count; l++)
		{
			moment_re += re[l];
			moment_im += im[l];
			re[l] *= from->t[l];
			im[l] *= from->t[l];
		}
		for (int k = 0; k < to->count; k++)
		{
			next[k].re += power[k] * moment_re;
			next[k].im += power[k] * moment_im;
			power[k] *= rate * to->t[k];
		}
		term *= largest / order;
		sum += term;
	}
	for (int k = 0; k < to->count; k++)
		next[k] = rpm_cx_mul(next[k], to->weight[k]);
}
