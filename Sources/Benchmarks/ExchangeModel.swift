/// A model of the duration of a step: computing, then sending (with two members, one exchange of the whole gradient;
/// with more, reduce-scatter and all-gather).
///
/// The batch grows with the number of workers, so that computing takes the same time for any number of them.
struct ExchangeModel {
  let workers: Int
  let gigabits: Double

  /// The time of the default network on one core of the machine of the README's figures.
  private static let computeMilliseconds = 43.0
  private static let gradientBytes = 2_670_000.0
  private static let latencyMilliseconds = 0.1
  /// The cost of each message to its sender and receiver, independent of its size.
  private static let messageMilliseconds = 0.02
  /// The time of the last shard's backward pass, during which complete buckets are sent.
  private static let overlapMilliseconds = 3.2

  var result: SimulationBenchmark.Exchange {
    let bytes = workers == 2 ? Self.gradientBytes : 2 * Self.gradientBytes * Double(workers - 1) / Double(workers)
    let phases = workers == 2 ? 1.0 : 2.0
    let sending = bytes * 8 / (gigabits * 1e6)
    let buckets = workers <= 16 ? 4.0 : 1
    let messages = phases * buckets * Double(workers - 1) * 2 * Self.messageMilliseconds
    // Only the first phase overlaps with computing, except for the last bucket.
    let hidden = buckets > 1 ? min(Self.overlapMilliseconds, 0.9 * sending / phases) : 0
    let step = Self.computeMilliseconds + sending - hidden + phases * Self.latencyMilliseconds + messages
    return SimulationBenchmark.Exchange(
      workers: workers, gigabits: gigabits, milliseconds: step, efficiency: Self.computeMilliseconds / step)
  }
}
