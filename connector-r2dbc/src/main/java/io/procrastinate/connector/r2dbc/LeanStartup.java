package io.procrastinate.connector.r2dbc;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.nio.charset.StandardCharsets;

/**
 * Takes {@code extra_float_digits} out of the start-up message, which the driver always asks for and poolers refuse.
 * The server's default loses nothing.
 */
final class LeanStartup extends ChannelOutboundHandlerAdapter {

    private static final int PROTOCOL_3 = 3 << 16;

    private static final byte[] ASKED = "extra_float_digits\0002\0".getBytes(StandardCharsets.US_ASCII);

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // the promise tells
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        Object sent = message;
        if (message instanceof ByteBuf bytes && isStartup(bytes)) {
            int at = position(bytes);
            if (at >= 0) {
                sent = without(context, bytes, at);
            }
            context.pipeline().remove(this);
        }
        context.write(sent, promise);
    }

    private static boolean isStartup(ByteBuf bytes) {
        int begin = bytes.readerIndex();
        return bytes.readableBytes() > 8
                && bytes.getInt(begin) == bytes.readableBytes()
                && (bytes.getInt(begin + 4) & 0xffff0000) == PROTOCOL_3;
    }

    private static int position(ByteBuf bytes) {
        for (int at = bytes.readerIndex(); at + ASKED.length <= bytes.writerIndex(); at++) {
            if (isHere(bytes, at)) {
                return at;
            }
        }
        return -1;
    }

    private static boolean isHere(ByteBuf bytes, int at) {
        for (int index = 0; index < ASKED.length; index++) {
            if (bytes.getByte(at + index) != ASKED[index]) {
                return false;
            }
        }
        return true;
    }

    private static ByteBuf without(ChannelHandlerContext context, ByteBuf bytes, int at) {
        int begin = bytes.readerIndex();
        ByteBuf lean = context.alloc().buffer(bytes.readableBytes());
        lean.writeInt(bytes.readableBytes() - ASKED.length);
        lean.writeBytes(bytes, begin + 4, at - begin - 4);
        lean.writeBytes(bytes, at + ASKED.length, bytes.writerIndex() - at - ASKED.length);
        bytes.release();
        return lean;
    }
}
