/** Banyan's schema registry: JSON Schema, Avro and Protobuf subjects, spoken to as to Confluent's. */
export {}
