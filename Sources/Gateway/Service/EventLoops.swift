public import NIOCore
import NIOPosix

/// The threads of the gateway.
public enum EventLoops {
  /// One thread that serves sockets.
  public static func one() -> any EventLoopGroup { MultiThreadedEventLoopGroup(numberOfThreads: 1) }
}
