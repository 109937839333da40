/// A priority queue of simulated events, sorted by time. Events of the same time keep the order in which they were
/// added.
///
/// A binary heap of keys. The events are kept separately, in an array with free places.
package struct EventQueue<Event> {
  private var heap: [EventKey] = []
  private var count = 0
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

/// The time of an event and its place in the array. A heap of keys is several times as fast as one of events, because
/// its code is not generic.
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
