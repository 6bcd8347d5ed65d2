/** Banyan projections kept in Redis. */
export {}
