/** Bridges between Banyan's bus and RabbitMQ. */
export {}
