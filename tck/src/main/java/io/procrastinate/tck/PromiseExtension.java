package io.procrastinate.tck;

import io.procrastinate.connector.Capability;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

/** Makes a failing test say which promise was broken, and asserts refusals if a capability is absent. */
final class PromiseExtension implements InvocationInterceptor, TestExecutionExceptionHandler {

    @Override
    public void interceptTestMethod(
            Invocation<@Nullable Void> invocation,
            ReflectiveInvocationContext<Method> invocationContext,
            ExtensionContext context)
            throws Throwable {
        Contract contract = (Contract) context.getRequiredTestInstance();
        Optional<Capability> absent = firstAbsent(contract, context);
        if (absent.isPresent()) {
            invocation.skip();
            contract.assertRefused(absent.get());
        } else {
            invocation.proceed();
        }
    }

    private static Optional<Capability> firstAbsent(Contract contract, ExtensionContext context) {
        Set<Capability> present = contract.capabilities();
        return needed(context).stream()
                .filter(capability -> !present.contains(capability))
                .findFirst();
    }

    private static List<Capability> needed(ExtensionContext context) {
        List<Capability> needed = new ArrayList<>();
        Class<?> type = context.getRequiredTestClass();
        while (type != null && type != Object.class) {
            Needs ofType = type.getDeclaredAnnotation(Needs.class);
            if (ofType != null) {
                needed.addAll(List.of(ofType.value()));
            }
            type = type.getSuperclass();
        }
        Needs ofMethod = context.getRequiredTestMethod().getAnnotation(Needs.class);
        if (ofMethod != null) {
            needed.addAll(List.of(ofMethod.value()));
        }
        return needed;
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        Promise promise = context.getRequiredTestMethod().getAnnotation(Promise.class);
        if (promise == null || failure instanceof TestAbortedException) {
            throw failure;
        }
        Contract contract = (Contract) context.getRequiredTestInstance();
        Class<?> test = context.getRequiredTestMethod().getDeclaringClass();
        throw new AssertionFailedError(message(promise, contract, test, failure), failure);
    }

    private static String message(Promise promise, Contract contract, Class<?> test, Throwable failure) {
        String sources = Stream.of(promise.of()).map(Class::getSimpleName).collect(Collectors.joining(" and "));
        String sentences = Arrays.stream(promise.says())
                .map(sentence -> "\n    \"" + sentence + "\"")
                .collect(Collectors.joining());
        return "The connector '" + contract.connectorName() + "' breaks the contract of " + sources + ":" + sentences
                + FailureHints.mistake(contract, failure)
                        .map(what -> "\n  First of all: " + what)
                        .orElse("")
                + "\n  Look at: " + promise.lookAt()
                + "\n  Called through: " + contract.calls.description()
                + FailureHints.line(test, failure)
                        .map(where -> "\n  At: " + where)
                        .orElse("")
                + "\n  Seen: " + failure;
    }
}
