internal import SwiftProtobuf

/// The orders of the workers.
extension Coordinator {
  mutating func instructAll() {
    for id in workers.keys.sorted() { instruct(id) }
  }

  mutating func instructAll(of index: Int) {
    for id in assignments[index].workers.keys.sorted() { instruct(id) }
  }

  /// Fills the worker's queue, and sends its orders if they have changed.
  mutating func instruct(_ id: WorkerID) {
    guard let worker = workers[id] else { return }
    var orders = Orders()
    orders.number = worker.orders.number
    if let index = index(of: id) {
      orders.job = assignments[index].job
      if let group = assignments[index].group {
        if group.members.contains(id) { orders.group = group.orders(profiles: workers.mapValues(\.profile)) }
      } else if !isAwaiting {
        orders.chunks = fillQueue(of: worker, id, at: index)
      }
    }
    guard orders != worker.orders || orders.number == 0 else { return }
    ordersCount += 1
    orders.number = ordersCount
    if worker.unacknowledged == nil { workers[id]!.unacknowledged = (ordersCount, now) }
    if orders.job.id != worker.orders.job.id || orders.chunks.first != worker.orders.chunks.first {
      workers[id]!.startTime = now
    }
    workers[id]!.orders = orders
    send(to: id)
  }

  mutating func send(to id: WorkerID) {
    guard let worker = workers[id] else { return }
    workers[id]!.lastSent = now
    actions.append(.send(worker.orders, to: id))
  }
}
