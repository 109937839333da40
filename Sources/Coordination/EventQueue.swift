/// Events of simulated time, in the order of their time; those of the same time in the order in which they were added. A binary heap.
package struct EventQueue<Event> {
  private var heap: [(time: Milliseconds, number: Int, event: Event)] = []
  private var count = 0

  package init() {}

  private func precedes(_ left: Int, _ right: Int) -> Bool {
    (heap[left].time, heap[left].number) < (heap[right].time, heap[right].number)
  }

  package mutating func add(_ event: Event, at time: Milliseconds) {
    heap.append((time, count, event))
    count += 1
    var child = heap.count - 1
    while child > 0, precedes(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  package mutating func next() -> (time: Milliseconds, event: Event)? {
    guard let last = heap.indices.last else { return nil }
    heap.swapAt(0, last)
    let first = heap.removeLast()
    var parent = 0
    while let least = [2 * parent + 1, 2 * parent + 2].filter({ $0 < heap.count }).min(by: precedes),
      precedes(least, parent)
    {
      heap.swapAt(parent, least)
      parent = least
    }
    return (first.time, first.event)
  }
}
