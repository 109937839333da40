/// Events of simulated time, in the order of their time; those of the same time in the order in which they were added. A binary heap.
package struct EventQueue<Event> {
  private var heap: [EventKey] = []
  private var count = 0
  /// Those of the heap, and free places among them.
  private var events: [Event?] = []
  private var free: [Int] = []

  package init() {}

  package mutating func add(_ event: Event, at time: Milliseconds) {
    let place = free.popLast() ?? events.count
    if place < events.count { events[place] = event } else { events.append(event) }
    heap.insert(EventKey(time: time, number: count, place: place))
    count += 1
  }

  package mutating func next() -> (time: Milliseconds, event: Event)? {
    guard let key = heap.removeLeast(), let event = events[key.place].take() else { return nil }
    free.append(key.place)
    return (key.time, event)
  }
}

/// When an event is, and where it is kept. The heap is of these, since its code is not generic: that is several times as fast.
private struct EventKey {
  let time: Milliseconds
  let number: Int
  let place: Int

  static func < (left: EventKey, right: EventKey) -> Bool { (left.time, left.number) < (right.time, right.number) }
}

extension [EventKey] {
  fileprivate mutating func insert(_ key: EventKey) {
    append(key)
    var child = count - 1
    while child > 0, self[child] < self[(child - 1) / 2] {
      swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  fileprivate mutating func removeLeast() -> EventKey? {
    guard !isEmpty else { return nil }
    swapAt(0, count - 1)
    let first = removeLast()
    var parent = 0
    while 2 * parent + 1 < count {
      let (left, right) = (2 * parent + 1, 2 * parent + 2)
      let least = right < count && self[right] < self[left] ? right : left
      guard self[least] < self[parent] else { break }
      swapAt(parent, least)
      parent = least
    }
    return first
  }
}
