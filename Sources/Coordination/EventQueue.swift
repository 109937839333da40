internal import HeapModule

/// A priority queue of simulated events, sorted by time. Events of the same time keep the order in which they were
/// added.
package struct EventQueue<Event> {
  private var keys = Heap<EventKey>()
  private var count = 0
  /// The events, in an array with free places.
  private var events: [Event?] = []
  private var free: [Int] = []

  package init() {}

  package mutating func add(_ event: Event, at time: Milliseconds) {
    let place = free.popLast() ?? events.count
    if place < events.count { events[place] = event } else { events.append(event) }
    keys.insert(EventKey(time: time, number: count, place: place))
    count += 1
  }

  package mutating func next() -> (time: Milliseconds, event: Event)? {
    guard let key = keys.popMin(), let event = events[key.place].take() else { return nil }
    free.append(key.place)
    return (key.time, event)
  }
}

/// The time of an event and its place in the array. A heap of keys is several times as fast as one of events, because
/// its code is not generic.
private struct EventKey: Comparable {
  let time: Milliseconds
  let number: Int
  let place: Int

  static func < (left: EventKey, right: EventKey) -> Bool { (left.time, left.number) < (right.time, right.number) }
}
