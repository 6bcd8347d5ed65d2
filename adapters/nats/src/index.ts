/** Banyan's bus on NATS JetStream. */
export {}
