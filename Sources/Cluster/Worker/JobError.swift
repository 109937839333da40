/// A job or a chunk of the coordinator that a worker cannot carry out, because its description or a file is missing or
/// invalid.
struct JobError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
