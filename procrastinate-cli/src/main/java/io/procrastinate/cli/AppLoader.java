package io.procrastinate.cli;

import io.procrastinate.App;
import io.procrastinate.text.Printable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Creates the app of a class that is named on the command line. */
final class AppLoader {

    private static final String DEFAULT_METHOD = "app";

    private AppLoader() {}

    /**
     * Calls the static method without parameters that a path names.
     *
     * @param path {@code com.acme.MyApp}, whose method {@code app} is called, or {@code com.acme.MyApp#method}
     */
    static App load(String path) {
        int hash = path.indexOf('#');
        String className = hash < 0 ? path : path.substring(0, hash);
        String methodName = hash < 0 ? DEFAULT_METHOD : path.substring(hash + 1);
        Object made = call(path, method(path, className, methodName));
        if (made instanceof App app) {
            return app;
        }
        throw couldNotLoad(
                path,
                "Object at " + path + " is not of type App but "
                        + (made == null ? "null" : made.getClass().getName()),
                null);
    }

    private static Method method(String path, String className, String methodName) {
        try {
            Method method = Class.forName(
                            className, true, Thread.currentThread().getContextClassLoader())
                    .getDeclaredMethod(methodName);
            if (!Modifier.isStatic(method.getModifiers())) {
                throw couldNotLoad(
                        path, path + " is not a valid path: the method " + methodName + " is not static", null);
            }
            method.setAccessible(true);
            return method;
        } catch (ClassNotFoundException e) {
            throw couldNotLoad(
                    path,
                    path + " is not a valid path: the class " + className
                            + " is not on the class path. Start the command with"
                            + " java -cp procrastinate.jar:your-app.jar io.procrastinate.cli.Procrastinate",
                    e);
        } catch (NoSuchMethodException e) {
            throw couldNotLoad(
                    path,
                    path + " is not a valid path: the class has no method " + methodName
                            + "() that creates the app. Name the method: " + className + "#method",
                    e);
        }
    }

    private static @Nullable Object call(String path, Method method) {
        try {
            return method.invoke(null);
        } catch (InvocationTargetException e) {
            Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
            String reasons = String.join("\n", Printable.messages(cause));
            throw couldNotLoad(path, path + " failed to create the app: " + reasons, cause);
        } catch (IllegalAccessException e) {
            throw couldNotLoad(path, path + " is not a valid path: it cannot be called", e);
        }
    }

    private static LoadFromPathException couldNotLoad(String path, String reason, @Nullable Throwable cause) {
        return new LoadFromPathException("Could not load app from " + path + "\n" + reason, cause);
    }
}
