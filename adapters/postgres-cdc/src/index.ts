/** Changes of a PostgreSQL database as events, by logical replication. */
export {}
