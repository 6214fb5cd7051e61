/* symmetric_eigen.h: eigenvalues and eigenvectors of small symmetric matrices. */
#ifndef RPM_SYMMETRIC_EIGEN_H
#define RPM_SYMMETRIC_EIGEN_H

/*
 * matrix (n * n, row by row, symmetric) is destroyed; values get its eigenvalues, in no order, vectors its orthonormal eigenvectors as
 * columns (vectors[i * n + k]: component i of the k-th).  Cyclic Jacobi rotations: small eigenvalues keep their relative accuracy as
 * far as the matrix has it (Golub and Van Loan, Matrix Computations, section 8.5).
 */
void		rpm_symmetric_eigen(double *matrix, int n, double *values, double *vectors);

#endif
