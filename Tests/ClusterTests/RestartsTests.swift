import Cluster
import Testing

struct RestartsTests {
  @Test func whoDiesOfItsStartIsGivenUp() {
    var restarts = Restarts()
    let attempts = (0..<20).count { _ in restarts.mayStartAgain(afterLiving: 100) }
    #expect(attempts == 8)
  }

  @Test func whoHasLivedForAMinuteBeginsAnew() {
    var restarts = Restarts()
    for _ in 0..<20 {
      let lives = Array(repeating: 59_999, count: 7) + [60_000]
      let attempts = lives.count { restarts.mayStartAgain(afterLiving: $0) }
      #expect(attempts == lives.count)
    }
  }
}
