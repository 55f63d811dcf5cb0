"""A gallery: formulas that people differentiate, and their derivatives."""

import einsdiff as ed

# fmt: off
GALLERY = (
    # title                                     formula                                                        by
    ("quadratic form",                          "y = x_i A_ij x_j",                                            "x"),
    ("quadratic form, the Hessian",             "y = x_i A_ij x_j",                                            "x x"),
    ("least squares",                           "L = (A_ij x_j - b_i)^2",                                      "x"),
    ("unit vector",                             "y_i = x_i / (x_k x_k)^(1/2)",                                 "x"),
    ("cosine similarity, b of length 1",        "c = a_i b_i / (a_j a_j)^(1/2)",                               "a"),
    ("cross product",                           "w_i = eps_ijk u_j v_k",                                       "v"),
    ("matrix product",                          "Y_ij = A_ik X_kl B_lj",                                       "X"),
    ("inverse",                                 "Y_ij = inv(A)_ij",                                            "A"),
    ("determinant",                             "y = det(A)",                                                  "A"),
    ("logarithm of the determinant",            "y = logdet(A)",                                               "A"),
    ("logarithm of the determinant, the Hessian", "y = logdet(A)",                                               "A A"),
    ("Mahalanobis distance, by the point",      "S : matrix(n, n) symmetric; "
                                                "d = (x_i - m_i) inv(S)_ij (x_j - m_j)",                       "x"),
    ("Gaussian log-likelihood, by the variance", "S : matrix(n, n) symmetric; "
                                                "L = -1/2 logdet(S) - 1/2 (x_i - m_i) inv(S)_ij (x_j - m_j)",  "S"),
    ("factorisation T = U V', the Hessian",     "L = (T_ij - U_ia V_ja)^2",                                    "U U"),
    ("orthogonality",                           "L = (A_ik A_jk - delta_ij)^2",                                "A"),
    ("softmax",                                 "p_i = softmax_i(z_i)",                                        "z"),
    ("cross entropy of a softmax",              "L = logsumexp_i(z_i) - t_i z_i",                              "z"),
    ("cross entropy of a softmax, the Hessian", "L = logsumexp_i(z_i) - t_i z_i",                              "z z"),
    ("entropy",                                 "H = -sum_i(p_i log(p_i))",                                    "p"),
    ("layer of a network",                      "y_i = tanh(W_ij x_j + b_i)",                                  "W"),
    ("layer norm",                              "u_i = x_i - mean_j(x_j); y_i = u_i / sqrt(mean_j(u_j^2))",    "x"),
    ("attention, by the values",                "P_nm = softmax_m(Q_na K_ma); O_nb = P_nm V_mb",               "V"),
    ("attention, by the queries",               "P_nm = softmax_m(Q_na K_ma); O_nb = P_nm V_mb",               "Q"),
    ("Gaussian kernel",                         "k_nm = exp(-(X_ni - Z_mi)^2 / (2 s^2))",                      "s"),
)
# fmt: on

for title, formula, by in GALLERY:
    print(f"{title}\n    {formula}\n    {ed.diff(formula, *by.split())}\n")
