internal import SwiftProtobuf

/// The units of a job, cut into chunks, and who has which. Every unit's result counts exactly once, whatever happens to the workers.
///
/// Chunks are cut when they are handed out: large ones first, smaller ones towards the end (guided self-scheduling: Polychronopoulos and
/// Kuck, 1987), in proportion to the worker's share of the power. When nothing is left to cut, the chunks that are still open are also
/// given to idle workers; the first result counts, and a second one must have the same digest.
package struct TaskPool: Sendable {
  private struct OpenChunk: Sendable {
    let chunk: Chunk
    var holders: Set<WorkerID> = []
    /// Workers that were lost while they worked on it, and have not come back.
    var victims: Set<WorkerID> = []
  }

  package enum Outcome: Sendable, Equatable {
    /// The first result: its bytes count.
    case accepted
    /// Nobody waits for it: doubled, late, or the same that another worker has sent.
    case known
    /// Another worker has sent something else for the same units: one of the two computes wrongly.
    case differs(from: WorkerID)
  }

  /// Units that belong to no chunk yet, in ascending order.
  private var uncut: [Range<Int>]
  /// Whether units differ much in length, and each keeps a whole worker busy.
  private let isUneven: Bool
  private let largestChunk: Int
  private var unitsLeft: Int
  private var open: [UInt64: OpenChunk] = [:]
  /// Open chunks that nobody has.
  private var returned: Set<UInt64> = []
  /// What each worker has, oldest first: the first is the one that it works on.
  private var held: [WorkerID: [UInt64]] = [:]
  private var done: [UInt64: (worker: WorkerID, digest: [UInt8])] = [:]
  private var setAsideChunks: [UInt64: OpenChunk] = [:]
  private var lastChunk: UInt64 = 0
  package private(set) var unitsDone = 0

  /// - Parameters:
  ///   - units: what is to be done; ranges in ascending order, not overlapping.
  ///   - isUneven: units differ much in length, the longest first, and each keeps a whole worker busy. Then chunks begin with one unit.
  ///   - largestChunk: units that a chunk has at most, whatever else speaks for more
  package init(units: [Range<Int>], isUneven: Bool = false, largestChunk: Int = .max) {
    (self.isUneven, self.largestChunk) = (isUneven, largestChunk)
    uncut = units.filter { !$0.isEmpty }
    unitsLeft = units.reduce(0) { $0 + $1.count }
  }

  package var isFinished: Bool { uncut.isEmpty && open.isEmpty }

  /// Chunks that too many workers have died of, or that no worker can do.
  package var setAside: [Chunk] { setAsideChunks.values.map(\.chunk).sorted { $0.first < $1.first } }

  /// The chunks that a worker has, oldest first.
  func chunks(of worker: WorkerID) -> [Chunk] { held[worker, default: []].map { open[$0]!.chunk } }

  /// A chunk that still counts.
  func chunk(_ id: UInt64) -> Chunk? { (open[id] ?? setAsideChunks[id])?.chunk }

  /// Gives the worker a chunk: one that was given back, else a new one, else (if it has nothing to do) one that another worker has.
  ///
  /// - Parameters:
  ///   - share: the worker's share of all workers' power, in 0...1
  ///   - multiple: units that it does at a time
  ///   - limit: units that it does within the longest time that a chunk shall take; nil: not known yet
  /// - Returns: whether there was one.
  mutating func give(to worker: WorkerID, share: Double, multiple: Int, atMost limit: Int?) -> Bool {
    let new = returned.min() ?? cut(share: share, multiple: multiple, atMost: limit)
    guard let id = new ?? (held[worker] == nil ? shared(with: worker) : nil) else { return false }
    returned.remove(id)
    open[id]!.holders.insert(worker)
    held[worker, default: []].append(id)
    return true
  }

  private mutating func cut(share: Double, multiple: Int, atMost limit: Int?) -> UInt64? {
    guard let range = uncut.first else { return nil }
    let (multiple, limit) = isUneven ? (1, limit ?? 1) : (multiple, limit)
    // A worker that is alone need not leave small chunks for the others to finish with it.
    // Nobody knows yet how long a unit takes: the first chunks find out.
    let guided = limit == nil ? multiple : share < 1 ? Int(Double(unitsLeft) * share / 3) : unitsLeft
    let wanted = min(guided, limit ?? guided) / multiple * multiple
    let size = min(range.count, max(multiple, wanted), largestChunk)
    unitsLeft -= size
    lastChunk += 1
    let chunk = Chunk.with { ($0.id, $0.first, $0.count) = (lastChunk, UInt64(range.lowerBound), UInt64(size)) }
    if size == range.count { uncut.removeFirst() } else { uncut[0] = range.lowerBound + size..<range.upperBound }
    open[chunk.id] = OpenChunk(chunk: chunk)
    return chunk.id
  }

  /// The oldest chunk that only one other worker has.
  private func shared(with worker: WorkerID) -> UInt64? {
    open.values.filter { $0.holders.count == 1 && !$0.holders.contains(worker) }.map(\.chunk.id).min()
  }

  /// - Returns: what to make of a result, and the workers that had the chunk in hand.
  mutating func complete(_ id: UInt64, by worker: WorkerID, digest: [UInt8]) -> (Outcome, holders: Set<WorkerID>) {
    if let first = done[id] { return (first.digest == digest ? .known : .differs(from: first.worker), []) }
    guard let found = open[id] ?? setAsideChunks.removeValue(forKey: id) else { return (.known, []) }
    close(id)
    done[id] = (worker, digest)
    unitsDone += Int(found.chunk.count)
    return (.accepted, found.holders)
  }

  /// A worker is gone, or has another session. If it died, then perhaps of the chunk that it was working on.
  /// - Returns: the chunk that is set aside therefore.
  mutating func remove(_ worker: WorkerID, died: Bool, limit: Int) -> Chunk? {
    let ids = held.removeValue(forKey: worker) ?? []
    for id in ids {
      open[id]!.holders.remove(worker)
      if open[id]!.holders.isEmpty { returned.insert(id) }
    }
    guard died, let running = ids.first else { return nil }
    open[running]!.victims.insert(worker)
    return open[running]!.victims.count >= limit ? putAside(running) : nil
  }

  /// A worker that seemed to have died is back.
  mutating func absolve(_ worker: WorkerID) {
    for id in open.keys { open[id]!.victims.remove(worker) }
  }

  /// Takes an open chunk out of the job, because no worker can do it.
  mutating func putAside(_ id: UInt64) -> Chunk? {
    guard let found = open[id] else { return nil }
    close(id)
    setAsideChunks[id] = found
    return found.chunk
  }

  private mutating func close(_ id: UInt64) {
    guard let chunk = open.removeValue(forKey: id) else { return }
    returned.remove(id)
    for holder in chunk.holders {
      held[holder]!.removeAll { $0 == id }
      if held[holder]!.isEmpty { held[holder] = nil }
    }
  }
}
